import { createRandom } from "@sophia/core/statistics/seeded-random";
import type { Random } from "./draw.ts";

const onsets = [
  "b",
  "br",
  "c",
  "d",
  "f",
  "gr",
  "h",
  "k",
  "l",
  "m",
  "n",
  "p",
  "pl",
  "r",
  "s",
  "st",
  "t",
  "tr",
  "v",
  "w",
];
const vowels = ["a", "e", "i", "o", "u", "ea", "ou"];
const codas = ["", "", "n", "r", "s", "t", "l", "m"];

/**
 * Sentences of a made-up language: 8 to 28 words whose frequencies fall as in a natural one (Zipf), with set phrases and
 * now and then a figure. The same seed gives the same sentences.
 */
export function makeSentences(count: number, seed: number): string[] {
  const random = createRandom(seed);
  const words = Array.from({ length: 4000 }, () => makeWord(random));
  const draw = (): string => words[Math.floor(words.length ** random()) - 1]!;
  const phrases = Array.from({ length: 300 }, () => [draw(), draw(), draw()].join(" "));
  return Array.from({ length: count }, () => {
    const parts: string[] = [];
    for (let length = 8 + Math.floor(random() * 20); length > 0; length -= 1) {
      const chance = random();
      if (chance < 0.04) parts.push(phrases[Math.floor(random() * phrases.length)]!);
      else parts.push(chance < 0.08 ? String(1 + Math.floor(random() * 2000)) : draw());
    }
    const text = parts.join(" ");
    return `${text[0]!.toUpperCase()}${text.slice(1)}.`;
  });
}

function makeWord(random: Random): string {
  const pick = (items: readonly string[]): string => items[Math.floor(random() * items.length)]!;
  let word = "";
  for (let syllable = Math.floor(random() * 3); syllable >= 0; syllable -= 1)
    word += pick(onsets) + pick(vowels) + pick(codas);
  return word;
}
