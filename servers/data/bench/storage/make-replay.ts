import type { BenchPage } from "./open-library.ts";

/** The pages, and so many repeats that they make up `share` of all items; once as they are, once told apart by a line. */
export function makeReplay(pages: readonly BenchPage[], share: number, seed: number) {
  const repeats = Math.round((pages.length * share) / (1 - share));
  const random = createRandom(seed);
  const copies = Array.from({ length: repeats }, (_, index) => {
    const page = pages[Math.floor(random() * pages.length)]!;
    return { ...page, url: `https://copy-${index}.example/story` };
  });
  const apart = copies.map((copy, index) => withText(copy, `Copy ${index}.\n\n${copy.page.markdown}`));
  return { repeats, repeated: [...pages, ...copies], distinct: [...pages, ...apart] };
}

/** The same words in another order, at another address. */
export function scramble(item: BenchPage, seed: number): BenchPage {
  const random = createRandom(seed);
  const words = item.page.markdown.split(" ");
  for (let index = words.length - 1; index > 0; index -= 1) {
    const other = Math.floor(random() * (index + 1));
    [words[index], words[other]] = [words[other]!, words[index]!];
  }
  return withText({ ...item, url: `${item.url}${item.url.includes("?") ? "&" : "?"}variant=${seed}` }, words.join(" "));
}

function withText(item: BenchPage, text: string): BenchPage {
  return { ...item, page: { ...item.page, markdown: text, text, canonicalUrl: null } };
}

/** Numerical Recipes' linear congruential generator: the same seed, the same replay. */
function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
