/**
 * Whether a path with its query fits a pattern such as `/news/*`. A star stands for any run of characters; the whole
 * must fit. Time is linear in the length of both: patterns and addresses come from strangers.
 */
export function matchesPath(pattern: string, path: string): boolean {
  const parts = pattern.split("*");
  const first = parts[0] ?? "";
  const last = parts.at(-1) ?? "";
  if (parts.length === 1) return path === pattern;
  if (path.length < first.length + last.length || !path.startsWith(first) || !path.endsWith(last)) return false;
  const end = path.length - last.length;
  let position = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = path.indexOf(part, position);
    if (found < 0 || found + part.length > end) return false;
    position = found + part.length;
  }
  return true;
}

export interface PathFilter {
  /** Empty means every path. */
  include: readonly string[];
  exclude: readonly string[];
}

export function isWanted(url: string, { include, exclude }: PathFilter): boolean {
  const { pathname, search } = new URL(url);
  const path = `${pathname}${search}`;
  const fits = (pattern: string): boolean => matchesPath(pattern, path);
  return (include.length === 0 || include.some(fits)) && !exclude.some(fits);
}
