import { createHash } from "node:crypto";
import { unwrap, type Secret } from "../config/secret.ts";
import { abortReason } from "../limits/clock.ts";
import type { Deadline } from "./deadline.ts";

/** Where a vendor wants its credential. Only this file takes the value out of its wrapper. */
export type HttpAuth =
  | { in: "bearer"; secret: Secret }
  | { in: "header"; name: string; secret: Secret; prefix?: string }
  /** Several at once, `name=value` between commas, percent-encoded: OTEL_EXPORTER_OTLP_HEADERS. */
  | { in: "headers"; secret: Secret }
  | { in: "query"; name: string; secret: Secret }
  | { in: "basic"; user: string; secret: Secret };

/** A function, where the credential rotates while the process runs. */
export type HttpAuthSource = HttpAuth | (() => HttpAuth | Promise<HttpAuth>);

/** A credential that has to be fetched first may be as slow as any other answer: it comes before the deadline or not at all. */
export async function resolveAuth(
  source: HttpAuthSource | undefined,
  { signal }: Pick<Deadline, "signal">,
): Promise<HttpAuth | undefined> {
  if (typeof source !== "function") return source;
  const { promise: tooLate, reject } = Promise.withResolvers<never>();
  const giveUp = (): void => reject(abortReason(signal));
  signal.addEventListener("abort", giveUp, { once: true });
  if (signal.aborted) giveUp();
  try {
    return await Promise.race([tooLate, source()]);
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
}

export function authHeaders(auth: HttpAuth | undefined): Record<string, string> {
  if (!auth || auth.in === "query") return {};
  const value = unwrap(auth.secret);
  if (auth.in === "bearer") return { authorization: `Bearer ${value}` };
  if (auth.in === "header") return { [auth.name.toLowerCase()]: `${auth.prefix ?? ""}${value}` };
  if (auth.in === "headers") return parseHeaderList(value);
  return { authorization: `Basic ${Buffer.from(`${auth.user}:${value}`).toString("base64")}` };
}

/** https://opentelemetry.io/docs/specs/otel/protocol/exporter/#specifying-headers-via-environment-variables */
function parseHeaderList(text: string): Record<string, string> {
  const pairs = text.split(",").map((item) => {
    const equals = item.indexOf("=");
    return [item.slice(0, Math.max(0, equals)).trim().toLowerCase(), decodePercent(item.slice(equals + 1).trim())];
  });
  return Object.fromEntries(pairs.filter(([name]) => name !== "")) as Record<string, string>;
}

/** Many write the value as it is, with a lone % in it. */
function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function authQuery(auth: HttpAuth | undefined): Record<string, string> {
  return auth?.in === "query" ? { [auth.name]: unwrap(auth.secret) } : {};
}

/** Tells two credentials apart in limit keys, which reach Redis, without revealing either. */
export function credentialId(auth: HttpAuth | undefined): string {
  if (!auth) return "none";
  return createHash("sha256")
    .update(`sophia limit key\0${unwrap(auth.secret)}`)
    .digest("hex")
    .slice(0, 16);
}
