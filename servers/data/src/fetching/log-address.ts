import { redactPii } from "../pii/redact-pii.ts";

const maxCharacters = 500;

/**
 * An address as a log may show it: parameters keep their names only, since their values may be keys or particulars of
 * a person; no credentials, no fragment; what looks like a person in the path is a placeholder.
 */
export function toLogAddress(address: string): string {
  const url = URL.parse(address);
  if (!url) return "not an address";
  const names = [...new Set(url.searchParams.keys())].map((name) => `${encodeURIComponent(name)}=*`);
  const query = names.length === 0 ? "" : `?${names.join("&")}`;
  const path = redactPii(decodePath(url.pathname)).replace(/\s+/g, " ");
  return `${url.protocol}//${url.host}${path}${redactPii(query)}`.slice(0, maxCharacters);
}

function decodePath(path: string): string {
  try {
    // An address in a path is usually escaped, and would not be recognised so.
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
