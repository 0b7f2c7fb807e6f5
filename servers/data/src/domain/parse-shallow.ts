import { type Handler, Parser, type ParserOptions } from "htmlparser2";

/** Deeper than any page or feed that people write. */
const maxDepth = 1_000;
const sliceCharacters = 16_384;

/**
 * Reads markup as far as it goes, or until it is nested too deep: the time that the parser takes grows with the square
 * of the depth, and a page of a million open tags would hold the process for minutes.
 */
export function parseShallow(source: string, handler: Partial<Handler>, options?: ParserOptions): void {
  let depth = 0;
  const parser = new Parser(
    {
      ...handler,
      onopentagname(name) {
        depth += 1;
        handler.onopentagname?.(name);
      },
      onclosetag(name, isImplied) {
        depth -= 1;
        handler.onclosetag?.(name, isImplied);
      },
    },
    options,
  );
  for (let start = 0; start < source.length; start += sliceCharacters) {
    parser.write(source.slice(start, start + sliceCharacters));
    // Not even ended: that would close each of the open elements.
    if (depth > maxDepth) return;
  }
  parser.end();
}
