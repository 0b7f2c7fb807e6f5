import type { Secret } from "@sophia/core/config/secret";
import { AppError } from "@sophia/core/errors/app-error";
import type { HttpAuth } from "@sophia/core/http/auth";
import type { VendorFailure } from "@sophia/core/http/failures";
import type { HttpReply } from "@sophia/core/http/http";
import type { Query } from "@sophia/core/http/target";
import type { KeyProbe, ProbeContext } from "@sophia/core/secrets/rotation/rotator";
import { z } from "zod";

type Settings = ProbeContext["settings"];

/** One GET that a service answers for a valid key alone, and that changes and costs nothing. */
export interface KeyCheck {
  /** Id of the service. */
  service: string;
  title: string;
  /** A function where the service's settings say it. */
  baseUrl: string | ((settings: Settings) => string);
  path: string;
  query?: Query;
  headers?: Readonly<Record<string, string>>;
  auth(key: Secret): HttpAuth;
  /** How to read the answer. Default json. */
  as?: "text";
  /** Statuses from 300 on that answer the question, too. */
  answers?: readonly number[];
  /** An answer that only this service gives. Default: a JSON object without an `error`, or an array. */
  isAnswer?(body: unknown): boolean;
  /** Whether a body is the service's "no" to the key; undefined leaves it to the status. */
  refusesKey?(body: unknown, status: number): boolean | undefined;
}

const timeoutMs = 10_000;
// Together's list of models is the longest of these answers, some 200 kB.
const maxBytes = 1024 * 1024;

/** The probe of a service: resolves for a key that works; throws AppError `denied` for one that does not. */
export function createKeyProbe(check: KeyCheck): KeyProbe {
  return async (_variable, key, context) => {
    try {
      const { data, status } = await ask(check, key, context);
      if (saysNo(check, status, data)) throw new AppError("denied", "", { status });
      if (!(check.isAnswer ?? isSound)(data)) throw notItsAnswer(check, status);
    } catch (thrown) {
      throw thrown instanceof AppError ? inOurWords(check, thrown) : thrown;
    }
  };
}

async function ask(check: KeyCheck, key: Secret, context: ProbeContext): Promise<HttpReply<unknown>> {
  // Loaded when a key is tried: every server knows the registry, few take new keys.
  const { createHttp } = await import("@sophia/core/http/http");
  const { service, path, query, headers, answers } = check;
  const http = createHttp({
    service,
    baseUrl: findBaseUrl(check, context.settings),
    timeoutMs,
    maxBytes,
    attempts: 2,
    auth: check.auth(key),
    // A vendor's refusal may repeat the key, which the log does not know as a secret yet.
    log: context.log.child({}, { level: "silent" }),
    explain: (status, body) => explain(check, status, body),
  });
  try {
    return await http.request({
      path,
      schema: z.unknown(),
      as: check.as ?? "json",
      signal: context.signal,
      ...(query && { query }),
      ...(headers && { headers }),
      ...(answers && { answers }),
    });
  } finally {
    await http.close();
  }
}

function findBaseUrl({ baseUrl, service, title }: KeyCheck, settings: Settings): string {
  const text = typeof baseUrl === "string" ? baseUrl : baseUrl(settings);
  const url = URL.parse(text);
  if (url && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "") return text;
  throw new AppError("not_configured", `The setting that says where ${title} is holds no address.`, {
    hint: "Mend it, or leave it out; then hand the key over again.",
    service,
  });
}

function explain(check: KeyCheck, status: number, body: unknown): VendorFailure | undefined {
  if (saysNo(check, status, body)) return { kind: "denied" };
  if (status !== 401 && status !== 403) return undefined;
  return { kind: "unavailable", hint: "This was not about the key. Try again later, or from another network." };
}

function saysNo(check: KeyCheck, status: number, body: unknown): boolean {
  return check.refusesKey?.(body, status) ?? (status === 401 || (status === 403 && !isWebPage(body)));
}

/** What stands before a service refuses visitors with a page for people, whatever their key. */
function isWebPage(body: unknown): boolean {
  return typeof body === "string" && /^\s*<(?:!doctype html|html)/i.test(body);
}

function isSound(body: unknown): boolean {
  return typeof body === "object" && body !== null && ((body as { error?: unknown }).error ?? null) === null;
}

function notItsAnswer({ service, title }: KeyCheck, status: number): AppError {
  const hint = "Try again later; if it stays so, the service has changed.";
  return new AppError("upstream", `${title} did not answer whether it accepts the key.`, { service, status, hint });
}

/** Without the cause: it holds the vendor's own words. */
function inOurWords({ service, title }: KeyCheck, error: AppError): AppError {
  const { kind, message, hint, status, retryable, retryAfterMs } = error;
  const common = { service, ...(status !== undefined && { status }) };
  if (kind === "denied") {
    return new AppError("denied", `${title} does not accept this key.`, {
      ...common,
      hint: "Copy the whole key again, look whether it has the rights it needs, or make another.",
    });
  }
  const rest = { ...(hint !== undefined && { hint }), ...(retryAfterMs !== undefined && { retryAfterMs }) };
  return new AppError(kind, message, { ...common, ...rest, retryable });
}
