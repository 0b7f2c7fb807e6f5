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
const ordinals =
  "zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth".split(
    " ",
  );
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
const months =
  "january february march april may june july august september october november december januar februar märz mai juni juli oktober dezember".split(
    " ",
  );
const monthNumbers = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 1, 2, 3, 5, 6, 7, 10, 12];
const shortMonths = "jan feb mar apr may jun jul aug sep oct nov dec".split(" ");

interface Unit {
  dimension: string;
  factor: number;
}

const units = new Map<string, Unit>();
function define(dimension: string, factor: number, spellings: string): void {
  for (const spelling of spellings.split(" ")) units.set(spelling, { dimension, factor });
}
define("s", 0.001, "ms millisecond milliseconds");
define("s", 1, "s sec secs second seconds sekunden segundos secondes");
define("s", 60, "min mins minute minutes minuten minutos");
define("s", 3_600, "h hr hrs hour hours stunde stunden hora horas heure heures");
define("s", 86_400, "day days tag tage día días dia dias jour jours");
define("s", 604_800, "week weeks woche wochen semana semanas semaine semaines");
define("s", 1_209_600, "fortnight fortnights");
define("month", 1, "month months monat monate mes meses mois");
define("month", 3, "quarter quarters");
define("month", 12, "year years yr yrs jahr jahre año años ano anos an ans");
define("month", 120, "decade decades");
define("month", 1_200, "century centuries");
define("m", 0.001, "mm millimeter millimeters millimetre millimetres");
define("m", 0.01, "cm centimeter centimeters centimetre centimetres");
define("m", 1, "metre metres meter meters");
define("m", 1_000, "km kms kilometer kilometers kilometre kilometres");
define("inch", 1, "in inch inches");
define("inch", 12, "ft foot feet");
define("inch", 36, "yard yards yd");
define("mile", 1, "mile miles mi");
define("g", 0.001, "mg milligram milligrams");
define("g", 1, "g gram grams");
define("g", 1_000, "kg kgs kilo kilos kilogram kilograms");
define("g", 1e6, "tonne tonnes");
define("lb", 1, "lb lbs pound pounds");
define("oz", 1, "oz ounce ounces");
define("ton", 1, "ton tons");
define("l", 0.001, "ml milliliter milliliters millilitre millilitres");
define("l", 1, "l liter liters litre litres");
define("gallon", 1, "gallon gallons gal");
define("cup", 1, "cup cups");
define("tsp", 1, "tsp teaspoon teaspoons");
define("tbsp", 1, "tbsp tablespoon tablespoons");
define("byte", 1, "byte bytes");
define("byte", 1e3, "kb kilobyte kilobytes");
define("byte", 1e6, "mb megabyte megabytes");
define("byte", 1e9, "gb gigabyte gigabytes gigs gig");
define("byte", 1e12, "tb terabyte terabytes");
define("bit", 1, "bit bits");
define("usd", 1, "usd dollar dollars buck bucks");
define("usd", 0.01, "cent cents");
define("eur", 1, "eur euro euros");
define("gbp", 1, "gbp quid");
define("inr", 1, "inr rs rupee rupees");
define("yen", 1, "yen jpy");
define("%", 1, "percent percents pct");
define("kmh", 1, "kmh kph km/h");
define("mph", 1, "mph");
define("c", 1, "celsius centigrade");
define("f", 1, "fahrenheit");
define("w", 1, "w watt watts");
define("w", 1e3, "kw kilowatt kilowatts");
define("v", 1, "v volt volts");
define("hz", 1, "hz hertz");
define("hz", 1e6, "mhz");
define("hz", 1e9, "ghz");
const signs: Record<string, string> = { $: "usd", "€": "eur", "£": "gbp", "¥": "yen", "₹": "inr" };

interface Reader {
  words: readonly Word[];
  position: number;
  found: Quantities;
  /** Words that were read as part of a number, date or unit. */
  used: Set<number>;
}

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

function textAt({ words }: Reader, position: number): string {
  return words[position]?.text ?? "";
}

function readDate(reader: Reader): boolean {
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
function toMonth(reader: Reader): number | undefined {
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
  let unit = sign === undefined ? toMark(mark) : { dimension: signs[sign] ?? sign, factor: 1 };
  if (letters !== undefined) {
    const own = units.get(letters);
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
  const month = months.includes(textAt(reader, reader.position + offset));
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
  const unit = ambiguous ? undefined : units.get(text);
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
  const unit = next === "second" || next === "in" ? undefined : units.get(next);
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
