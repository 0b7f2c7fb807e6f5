/**
 * The text with what stands between `<!-- generated: name -->` and `<!-- end: name -->` replaced. Throws when the markers
 * are not there exactly once: a table that silently is not updated would go stale.
 */
export function replaceSection(text: string, name: string, content: string): string {
  const [start, end] = [`<!-- generated: ${name} -->`, `<!-- end: ${name} -->`];
  const parts = text.split(start);
  const [after, ...more] = parts[1]?.split(end).slice(1) ?? [];
  if (parts.length !== 2 || after === undefined || more.length > 0) {
    throw new Error(`The text needs the markers "${start}" and "${end}", each once.`);
  }
  return `${parts[0]}${start}\n\n${content.trim()}\n\n${end}${after}`;
}
