import type { Random } from "./draw.ts";

/** What reading a bad print makes of characters. */
const misreadings: [string, string][] = [
  ["m", "rn"],
  ["rn", "m"],
  ["l", "1"],
  ["o", "0"],
  ["e", "c"],
  ["h", "b"],
  ["cl", "d"],
  ["i", "l"],
  ["t", "f"],
  ["s", "5"],
];

/** A share of the words misread, a few of them run together. */
export function misread(text: string, share: number, random: Random): string {
  const words = text.split(" ").map((word) => {
    if (random() >= share) return word;
    const found = misreadings.filter(([from]) => word.includes(from));
    const [from, to] = found[Math.floor(random() * found.length)] ?? [word, `${word}.`];
    return word.replace(from, to);
  });
  return words.reduce((line, word) => line + (random() < share / 10 ? "" : " ") + word);
}

/** A share of the words mistyped: a letter lost, doubled, wrong, or two in the wrong order. */
export function retype(text: string, share: number, random: Random): string {
  return text
    .split(" ")
    .map((word) => (word.length > 2 && random() < share ? mistype(word, random) : word))
    .join(" ");
}

/** A share of the words replaced by others, or left out. */
export function reword(text: string, share: number, random: Random): string {
  const words = text.split(" ");
  return words
    .flatMap((word) => {
      if (random() >= share || /\d/.test(word)) return [word];
      return random() < 0.3 ? [] : [words[Math.floor(random() * words.length)]!];
    })
    .join(" ");
}

export function mistype(word: string, random: Random): string {
  const at = Math.floor(random() * (word.length - 1));
  const letter = String.fromCharCode(97 + Math.floor(random() * 26));
  const kind = Math.floor(random() * 4);
  if (kind === 0) return word.slice(0, at) + word.slice(at + 1);
  if (kind === 1) return word.slice(0, at) + letter + word.slice(at);
  if (kind === 2) return word.slice(0, at) + letter + word.slice(at + 1);
  return word.slice(0, at) + word[at + 1]! + word[at]! + word.slice(at + 2);
}
