/** What a number is followed by; equal dimensions can be converted into each other. */
export interface Unit {
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
/** The unit that a sign before a number stands for. */
export const signUnits: Record<string, string> = { $: "usd", "€": "eur", "£": "gbp", "¥": "yen", "₹": "inr" };

/** By any of its spellings, lower case. */
export function findUnit(spelling: string): Unit | undefined {
  return units.get(spelling);
}
