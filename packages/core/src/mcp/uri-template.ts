/**
 * Matches an address against a level-1 template (RFC 6570): `{name}` stands for one path segment. Linear by
 * construction: the SDK's own template matcher was a regular expression that could be driven to run for minutes
 * (CVE-2026-0621).
 */
export function matchTemplate(template: string, uri: string): Record<string, string> | undefined {
  if (uri.length > 2_048) return undefined;
  const wanted = template.split("/");
  const given = uri.split("/");
  if (wanted.length !== given.length) return undefined;
  const variables: Record<string, string> = {};
  for (const [index, segment] of wanted.entries()) {
    const value = given[index] ?? "";
    if (segment.startsWith("{") && segment.endsWith("}")) {
      if (value === "") return undefined;
      try {
        variables[segment.slice(1, -1)] = decodeURIComponent(value);
      } catch {
        return undefined;
      }
    } else if (segment !== value) {
      return undefined;
    }
  }
  return variables;
}
