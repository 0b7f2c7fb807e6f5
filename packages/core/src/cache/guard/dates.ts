import type { Quantities } from "./quantities.ts";
import type { Word } from "./words.ts";

export const ordinals =
  "zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth".split(
    " ",
  );
const months =
  "january february march april may june july august september october november december januar februar märz mai juni juli oktober dezember".split(
    " ",
  );
const monthNumbers = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 1, 2, 3, 5, 6, 7, 10, 12];
const shortMonths = "jan feb mar apr may jun jul aug sep oct nov dec".split(" ");

/** Where the reading of a text stands. */
export interface Reader {
  words: readonly Word[];
  position: number;
  found: Quantities;
  /** Words that were read as part of a number, date or unit. */
  used: Set<number>;
}

export function textAt({ words }: Reader, position: number): string {
  return words[position]?.text ?? "";
}

/** A day, a month or a time of day at the reader's place. */
export function readDate(reader: Reader): boolean {
  const text = textAt(reader, reader.position);
  const iso = /^(\d{4})-(\d{1,2})-(\d{1,2})$/u.exec(text);
  if (iso) {
    reader.found.values.push(`${Number(iso[1])}`, `month${Number(iso[2])}`, `day${Number(iso[3])}`);
    reader.position += 1;
    return true;
  }
  const lone = /^[ap]m$/u.test(textAt(reader, reader.position + 1))
    ? /^(\d{1,2})(?:[:.](\d{2}))?$/u.exec(text)
    : undefined;
  const clock = lone ?? /^(\d{1,2})(?:[:.](\d{2}))?(am|pm|h)$/u.exec(text) ?? /^(\d{1,2}):(\d{2})$/u.exec(text);
  const half = clock?.[3] ?? (clock ? readHalfDay(reader) : undefined);
  if (clock) {
    pushClock(reader, Number(clock[1]), Number(clock[2] ?? 0), half);
    return true;
  }
  const month = toMonth(reader);
  if (month === undefined) return false;
  reader.found.values.push(`month${month}`);
  reader.position += 1;
  const day = toDay(textAt(reader, reader.position));
  if (day !== undefined) {
    reader.found.values.push(`day${day}`);
    reader.position += 1;
  }
  return true;
}

function readHalfDay(reader: Reader): string | undefined {
  const next = textAt(reader, reader.position + 1);
  if (next !== "am" && next !== "pm") return undefined;
  reader.position += 1;
  return next;
}

function pushClock(reader: Reader, hour: number, minute: number, half: string | undefined): void {
  const hours = half === "pm" && hour < 12 ? hour + 12 : half === "am" && hour === 12 ? 0 : hour;
  reader.found.values.push(`clock${hours * 60 + minute}`);
  reader.position += 1;
}

/** `may` and `march` are verbs too: they are months beside a number, after `in` or `of`, or with a capital. */
export function toMonth(reader: Reader): number | undefined {
  const word = reader.words[reader.position];
  if (!word) return undefined;
  const index = months.indexOf(word.text);
  const short = shortMonths.indexOf(word.text);
  if (index < 0 && short < 0) return undefined;
  const number = index >= 0 ? monthNumbers[index] : short + 1;
  const beside = toDay(textAt(reader, reader.position + 1)) ?? toDay(textAt(reader, reader.position - 1));
  const doubtful = word.text === "may" || word.text === "march" || (index < 0 && short >= 0);
  if (!doubtful || word.named || beside !== undefined) return number;
  return /^(?:in|of|by|since|until|last|next|this|im)$/u.test(textAt(reader, reader.position - 1)) ? number : undefined;
}

function toDay(text: string): number | undefined {
  const figure = /^(\d{1,2})(?:st|nd|rd|th)?$/u.exec(text);
  const day = figure ? Number(figure[1]) : ordinals.indexOf(text);
  return day >= 1 && day <= 31 ? day : undefined;
}

export function isMonth(text: string): boolean {
  return months.includes(text);
}
