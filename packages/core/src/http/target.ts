import { AppError } from "../errors/app-error.ts";

export type Query = Readonly<
  Record<string, string | number | boolean | readonly (string | number | boolean)[] | undefined>
>;

/**
 * A path with its values encoded: apiPath`/v2/acts/${id}/runs`. A value can neither leave its segment nor add a query.
 */
export function apiPath(parts: TemplateStringsArray, ...values: readonly (string | number)[]): string {
  return parts.reduce((path, part, index) => path + segment(values[index - 1]) + part);
}

function segment(value: string | number | undefined): string {
  const text = String(value ?? "");
  if (text === "" || text === "." || text === "..") throw badTarget("A part of the address is empty or a dot path.");
  if (!text.isWellFormed()) throw badTarget("A part of the address is not valid text.");
  return encodeURIComponent(text);
}

/** Base URL and path → the address to call. The result never leaves the base URL's origin and prefix. */
export function buildTarget(baseUrl: URL, path: string, query: Query | undefined): URL {
  // Anything that URL parsing would silently strip, turn or cut is refused instead.
  if (!path.startsWith("/") || path.startsWith("//") || !/^[\x21-\x7e]*$/.test(path) || /[\\#?]/.test(path)) {
    throw badTarget("The address holds characters that are not allowed in a path.");
  }
  if (/(^|\/)(\.|%2e){1,2}(\/|$)/i.test(path)) throw badTarget("The address holds a dot path.");
  const url = new URL(baseUrl.origin);
  url.pathname = baseUrl.pathname.replace(/\/$/, "") + path;
  for (const [name, value] of Object.entries(query ?? {})) {
    for (const single of Array.isArray(value) ? value : [value]) {
      if (single === undefined) continue;
      const text = String(single);
      if (!text.isWellFormed() || hasControl(text))
        throw badTarget(`The query value "${name}" holds control characters.`);
      url.searchParams.append(name, text);
    }
  }
  return url;
}

const headerName = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Refuses what would split a request in two; undici refuses too, but with an error that quotes the value. */
export function checkHeaders(headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers)) {
    if (!headerName.test(name)) throw badTarget("A header name holds characters that are not allowed.");
    // oxlint-disable-next-line no-control-regex
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) {
      throw badTarget(`The header "${name}" holds control or non-Latin characters.`);
    }
  }
}

function hasControl(text: string): boolean {
  // oxlint-disable-next-line no-control-regex
  return /[\x00-\x1f\x7f]/.test(text);
}

const secretName = /key|token|secret|password|passwd|auth|signature|credential|^sig$/i;

/** An address fit for a log: no user, no value of a query parameter that looks like a credential. */
export function redactUrl(url: URL, secretParameter?: string): string {
  const names = [...new Set(url.searchParams.keys())];
  const query = names.map((name) => {
    const hidden = name === secretParameter || secretName.test(name);
    return `${encodeURIComponent(name)}=${hidden ? "***" : encodeURIComponent(url.searchParams.get(name) ?? "")}`;
  });
  return `${url.protocol}//${url.host}${url.pathname}${query.length > 0 ? `?${query.join("&")}` : ""}`;
}

function badTarget(message: string): AppError {
  return new AppError("invalid_input", message, { hint: "Remove line breaks and control characters from the value." });
}
