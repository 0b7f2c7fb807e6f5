import { isMonth, ordinals, readDate, type Reader, textAt, toMonth } from "./dates.ts";
import { findUnit, signUnits, type Unit } from "./units.ts";
import type { Word } from "./words.ts";

/** What a text says in numbers, in one form for all spellings: `two hours`, `2h` and `120 minutes` are equal. */
export interface Quantities {
  values: string[];
  /** An article or `one` before a unit: counts when the other side says the same in full. */
  soft: string[];
}

const small =
  "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split(
    " ",
  );
const tens = "twenty thirty forty fifty sixty seventy eighty ninety".split(" ");

const numberWords = new Map<string, number>([
  ...small.map((word, value) => [word, value] as const),
  ...tens.map((word, index) => [word, (index + 2) * 10] as const),
  ["dozen", 12],
  ["forty", 40],
  ["nil", 0],
]);
/** Other languages, where the word is no word of English. */
const foreignNumbers: Record<string, number> = {
  zwei: 2, drei: 3, vier: 4, fünf: 5, funf: 5, sechs: 6, sieben: 7, acht: 8, neun: 9, zehn: 10, zwanzig: 20, hundert: 100,
  tres: 3, cuatro: 4, cinco: 5, seis: 6, siete: 7, ocho: 8, nueve: 9, diez: 10, veinte: 20,
  deux: 2, trois: 3, quatre: 4, cinq: 5, sept: 7, huit: 8, neuf: 9, dix: 10, vingt: 20, quattro: 4, cinque: 5, sette: 7, dieci: 10,
}; // prettier-ignore
for (const [word, value] of Object.entries(foreignNumbers)) numberWords.set(word, value);
const scales = new Map([
  ["hundred", 100],
  ["hundreds", 100],
  ["thousand", 1_000],
  ["thousands", 1_000],
  ["lakh", 100_000],
  ["million", 1e6],
  ["millions", 1e6],
  ["crore", 1e7],
  ["billion", 1e9],
  ["trillion", 1e12],
]);
const multiples: Record<string, number> = { half: 0.5, double: 2, twice: 2, triple: 3, thrice: 3 };
const suffixes: Record<string, number> = { k: 1e3, m: 1e6, mm: 1e6, mn: 1e6, b: 1e9, bn: 1e9 };
/** All numbers, dates and times of a text, and the positions of the words that say them. */
export function readQuantities(words: readonly Word[]): Quantities & { used: ReadonlySet<number> } {
  const reader: Reader = { words, position: 0, found: { values: [], soft: [] }, used: new Set() };
  while (reader.position < words.length) {
    const start = reader.position;
    if (!readDate(reader) && !readFigure(reader) && !readNumberWords(reader) && !readArticle(reader))
      reader.position += 1;
    else for (let index = start; index < reader.position; index += 1) reader.used.add(index);
  }
  return { ...reader.found, used: reader.used };
}

function readFigure(reader: Reader): boolean {
  const text = textAt(reader, reader.position);
  const parts = /^([$€£¥₹])?(\d[\d.,]*)(%|°c?|°f)?([a-zµ/]{1,12})?$/u.exec(text);
  if (!parts?.[2]) return false;
  const [, sign, digits, mark, letters] = parts;
  reader.position += 1;
  if (letters !== undefined && /^(?:st|nd|rd|th)$/u.test(letters)) {
    pushOrdinal(reader, Number(digits));
    return true;
  }
  const value = toValue(digits);
  if (value === undefined) {
    reader.found.values.push(`v${digits}`);
    return true;
  }
  let amount = value;
  let unit = sign === undefined ? toMark(mark) : { dimension: signUnits[sign] ?? sign, factor: 1 };
  if (letters !== undefined) {
    const own = findUnit(letters);
    const scale = suffixes[letters];
    if (own && (scale === undefined || !unit) && scale === undefined) unit = own;
    else if (scale !== undefined) amount = amount.times(scale);
    else return pushCode(reader, text);
  }
  amount = readScales(reader, amount);
  reader.found.values.push(formatQuantity(amount, unit ?? readUnit(reader)));
  return true;
}

function toMark(mark: string | undefined): Unit | undefined {
  if (mark === undefined) return undefined;
  if (mark === "%") return { dimension: "%", factor: 1 };
  return { dimension: mark.endsWith("f") ? "f" : mark.endsWith("c") ? "c" : "degree", factor: 1 };
}

/** A number and the way it was written: `3.10` is a version as well as a value. */
interface Amount {
  value: number;
  written: string | undefined;
  times(factor: number): Amount;
}

function toAmount(value: number, written?: string): Amount {
  return { value, written, times: (factor) => toAmount(value * factor) };
}

/** `undefined`: no number but a version, an address, a date with dots. */
function toValue(digits: string): Amount | undefined {
  const bare = digits.replace(/[.,]+$/u, "");
  if (/^\d{1,3}(?:,\d{2,3})+(?:\.\d+)?$/u.test(bare)) return toAmount(Number(bare.replaceAll(",", "")));
  if (/^\d+$/u.test(bare)) return toAmount(Number(bare));
  if (/^\d+[.,]\d+$/u.test(bare)) return toAmount(Number(bare.replace(",", ".")), bare.replace(",", "."));
  return undefined;
}

function formatQuantity(amount: Amount, unit: Unit | undefined): string {
  if (!unit) return amount.written ?? String(amount.value);
  return `${Number((amount.value * unit.factor).toPrecision(10))}${unit.dimension}`;
}

function pushOrdinal(reader: Reader, value: number): void {
  // `the 3rd of March`: the month follows, and the number is a day.
  const offset = textAt(reader, reader.position) === "of" ? 1 : 0;
  const month = isMonth(textAt(reader, reader.position + offset));
  reader.found.values.push(month ? `day${value}` : `#${value}`);
}

function pushCode(reader: Reader, text: string): boolean {
  reader.found.values.push(`code:${text.replace(/[^\p{L}\p{N}]/gu, "")}`);
  return true;
}

function readScales(reader: Reader, amount: Amount): Amount {
  let result = amount;
  for (let scale = scales.get(textAt(reader, reader.position)); scale !== undefined;) {
    result = result.times(scale);
    reader.position += 1;
    scale = scales.get(textAt(reader, reader.position));
  }
  return result;
}

function readUnit(reader: Reader): Unit | undefined {
  // `in` is an inch only where a number stands before and nothing follows that it could lead to.
  const text = textAt(reader, reader.position);
  const ambiguous = text === "in" || text === "s" || text === "an" || text === "second";
  const unit = ambiguous ? undefined : findUnit(text);
  if (unit) reader.position += 1;
  const month = unit ? undefined : toMonth(reader);
  if (month !== undefined) return undefined;
  return unit;
}

function readNumberWords(reader: Reader): boolean {
  const start = reader.position;
  const text = textAt(reader, start);
  const joined = text.includes("-") ? text.split("-") : [text];
  const ordinal = ordinals.indexOf(joined.at(-1) ?? "");
  if (ordinal > 0 && text !== "second") {
    const before = joined.length === 2 ? (numberWords.get(joined[0] ?? "") ?? 0) : 0;
    reader.position += 1;
    pushOrdinal(reader, before + ordinal);
    return true;
  }
  if (multiples[text] !== undefined) {
    reader.position += 1;
    if (text === "half" && /^an?$/u.test(textAt(reader, reader.position))) reader.position += 1;
    reader.found.values.push(formatQuantity(toAmount(multiples[text]), readUnit(reader)));
    return true;
  }
  const value = readCardinal(reader);
  if (value === undefined) return false;
  const unit = readUnit(reader);
  const lone = text === "one" && reader.position === start + 1;
  if (lone) reader.found.soft.push("1");
  else if (text === "one" && value === 1) reader.found.soft.push(formatQuantity(toAmount(1), unit));
  else reader.found.values.push(formatQuantity(toAmount(value), unit));
  return true;
}

/** `two hundred and five`, `twenty-five`, `twenty five`. */
function readCardinal(reader: Reader): number | undefined {
  let total = 0;
  let current: number | undefined;
  for (;;) {
    const text = textAt(reader, reader.position);
    const part = toPart(text);
    const scale = scales.get(text);
    if (
      part !== undefined &&
      (current === undefined ||
        (current % 100 === 0 && part < 100) ||
        (current % 10 === 0 && current % 100 >= 20 && part < 10))
    ) {
      current = (current ?? 0) + part;
    } else if (scale !== undefined && current !== undefined) {
      if (scale === 100) current *= 100;
      else {
        total += current * scale;
        current = 0;
      }
    } else if (
      text === "and" &&
      current !== undefined &&
      (total > 0 || current >= 100) &&
      toPart(textAt(reader, reader.position + 1)) !== undefined
    ) {
      // goes on
    } else break;
    reader.position += 1;
  }
  return current === undefined ? undefined : total + current;
}

function toPart(text: string): number | undefined {
  const [left = "", right] = text.split("-");
  const first = numberWords.get(left);
  if (right === undefined) return first;
  const second = numberWords.get(right);
  return first !== undefined && second !== undefined ? first + second : undefined;
}

function readArticle(reader: Reader): boolean {
  if (!/^(?:an?|per|each|every)$/u.test(textAt(reader, reader.position))) return false;
  const scale = scales.get(textAt(reader, reader.position + 1));
  if (scale !== undefined) {
    reader.position += 1;
    const amount = readScales(reader, toAmount(1));
    reader.found.values.push(formatQuantity(amount, readUnit(reader)));
    return true;
  }
  const next = textAt(reader, reader.position + 1);
  const unit = next === "second" || next === "in" ? undefined : findUnit(next);
  if (!unit) return false;
  reader.position += 2;
  reader.found.soft.push(formatQuantity(toAmount(1), unit));
  return true;
}

/** Whether both say the same in numbers. */
export function sameQuantities(left: Quantities, right: Quantities): boolean {
  const [onlyLeft, onlyRight] = [subtract(left.values, right.values), subtract(right.values, left.values)];
  // `per month` and `per year`: neither says a number, and they differ all the same.
  const units = ({ soft }: Quantities) => soft.filter((value) => value !== "1");
  const [unitLeft, unitRight] = [subtract(units(left), units(right)), subtract(units(right), units(left))];
  if (subtract(unitLeft, right.values).length > 0 && subtract(unitRight, left.values).length > 0) return false;
  return subtract(onlyLeft, right.soft).length === 0 && subtract(onlyRight, left.soft).length === 0;
}

function subtract(from: readonly string[], what: readonly string[]): string[] {
  const rest = [...from];
  for (const value of what) {
    const index = rest.indexOf(value);
    if (index >= 0) rest.splice(index, 1);
  }
  return rest;
}
