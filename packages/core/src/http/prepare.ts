import { AppError } from "../errors/app-error.ts";
import { acceptedEncodings } from "./body.ts";
import { authHeaders, authQuery, type HttpAuth } from "./auth.ts";
import { buildTarget, checkHeaders, type Query } from "./target.ts";

export interface Prepared {
  url: URL;
  method: string;
  headers: Record<string, string>;
  body: string | Buffer | undefined;
}

export interface PrepareInput {
  method: string;
  path: string;
  query?: Query;
  headers?: Readonly<Record<string, string>>;
  body?: unknown;
}

/** Everything that can be wrong with our own side of a request is found here, before a limit or a socket is touched. */
export function prepareRequest(
  base: { url: URL; headers: Readonly<Record<string, string>> },
  input: PrepareInput,
  auth: HttpAuth | undefined,
): Prepared {
  const { body, contentType } = encodeBody(input.body);
  const headers: Record<string, string> = {
    accept: "application/json",
    "accept-encoding": acceptedEncodings,
    "user-agent": "sophia",
    ...(contentType === undefined ? {} : { "content-type": contentType }),
    ...lowerCase(base.headers),
    ...lowerCase(input.headers ?? {}),
    ...authHeaders(auth),
  };
  checkHeaders(headers);
  const url = buildTarget(base.url, input.path, { ...input.query, ...authQuery(auth) });
  return { url, method: input.method, headers, body };
}

function encodeBody(body: unknown): { body: string | Buffer | undefined; contentType?: string } {
  if (body === undefined) return { body: undefined };
  if (typeof body === "string") return { body, contentType: "text/plain; charset=utf-8" };
  if (body instanceof Uint8Array) {
    return {
      body: Buffer.from(body.buffer, body.byteOffset, body.byteLength),
      contentType: "application/octet-stream",
    };
  }
  if (body instanceof URLSearchParams) {
    return { body: body.toString(), contentType: "application/x-www-form-urlencoded" };
  }
  const json: string | undefined = JSON.stringify(body);
  if (json === undefined) throw new AppError("internal", "A request body cannot be written as JSON.");
  return { body: json, contentType: "application/json" };
}

function lowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
