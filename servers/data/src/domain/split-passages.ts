/** An embedding model reads about 128 word pieces; longer passages would be cut in silence. */
const wantedCharacters = 500;
const maxCharacters = 800;
const maxPassages = 5_000;

/**
 * Plain text → passages of 500 to 800 characters, along paragraphs where possible, else sentences, else words.
 * Every character of the text but white space lies in exactly one passage (up to 5,000 passages).
 */
export function splitPassages(text: string): string[] {
  const passages: string[] = [];
  let open = "";
  for (const paragraph of text.split(/\n+/)) {
    for (const piece of splitLong(paragraph.trim())) {
      if (open !== "" && open.length + 1 + piece.length > maxCharacters) {
        passages.push(open);
        open = "";
      }
      open = open === "" ? piece : `${open}\n${piece}`;
      if (open.length >= wantedCharacters) {
        passages.push(open);
        open = "";
      }
      if (passages.length >= maxPassages) return passages;
    }
  }
  if (open !== "") passages.push(open);
  return passages;
}

function splitLong(paragraph: string): string[] {
  if (paragraph === "") return [];
  if (paragraph.length <= maxCharacters) return [paragraph];
  const pieces: string[] = [];
  let rest = paragraph;
  while (rest.length > maxCharacters) {
    const cut = findCut(rest);
    pieces.push(rest.slice(0, cut).trim());
    rest = rest.slice(cut).trim();
  }
  if (rest !== "") pieces.push(rest);
  return pieces.filter((piece) => piece !== "");
}

/** End of the last sentence before the limit, else of the last word, else the limit, but never inside a surrogate pair. */
function findCut(text: string): number {
  const window = text.slice(0, maxCharacters);
  const sentence = Math.max(...[". ", "! ", "? ", "。", "！", "？", "; "].map((end) => window.lastIndexOf(end) + 1));
  if (sentence > wantedCharacters / 2) return sentence;
  const space = window.lastIndexOf(" ");
  if (space > wantedCharacters / 2) return space;
  const isInsidePair = /[\uD800-\uDBFF]$/.test(window);
  return isInsidePair ? maxCharacters - 1 : maxCharacters;
}
