const secretName = /pass(word|wd|phrase)|secret|token|cookie|api_?-?key|authorization|credential|signature/i;
const mostDepth = 64;

/**
 * A copy in which what is named like a credential is `***`: inputs of Actors hold session cookies, proxy passwords and
 * keys of other services, and none of them belongs in an answer.
 */
export function stripSecrets(value: unknown, depth = 0): unknown {
  if (depth > mostDepth) return "***";
  if (typeof value === "string") return stripUrl(value);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((each) => stripSecrets(each, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, isHidden(name, each) ? "***" : stripSecrets(each, depth + 1)]),
  );
}

function isHidden(name: string, value: unknown): boolean {
  return secretName.test(name) && value !== null && typeof value !== "boolean" && typeof value !== "number";
}

/** `http://user:password@proxy` and `?token=…`. */
function stripUrl(text: string): string {
  return text
    .replace(/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/?#@]+@/gi, "$1***@")
    .replace(/([?&][^=&#\s]*(?:token|secret|password|apikey|api_key|signature)=)[^&#\s]+/gi, "$1***");
}
