import { AppError } from "@sophia/core/errors/app-error";

/** Our own refusal, before a credit is spent. */
export function refuseInput(what: string, hint: string): AppError {
  return new AppError("invalid_input", what, { hint, service: "tavily" });
}

export function checkCount(name: string, count: number | undefined, range: { least: number; most: number }): void {
  if (count === undefined) return;
  const { least, most } = range;
  if (!Number.isInteger(count) || count < least || count > most) {
    throw refuseInput(`${name} must be a whole number from ${least} to ${most}.`, `Change ${name}.`);
  }
}

export function checkDomains(name: string, domains: readonly string[] | undefined, most: number): void {
  if ((domains?.length ?? 0) > most) throw refuseInput(`${name} takes at most ${most} domains.`, "Leave some out.");
}

/** `YYYY-MM-DD`, and a day that exists. */
export function checkDay(name: string, day: string | undefined): void {
  if (day === undefined) return;
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(day) && new Date(`${day}T00:00:00Z`).toJSON()?.startsWith(day) === true;
  if (!isDay) throw refuseInput(`${name} is no day.`, `Write ${name} as YYYY-MM-DD.`);
}

/** The vendor's name of a country: in full, in English, in lower case. */
export function readCountry(country: string): string {
  const name = country.trim().toLowerCase();
  if (name.length < 4 || !/^[a-z][a-z ]+$/.test(name)) {
    throw refuseInput("Tavily takes countries by their full English name.", 'Write it in full, e.g. "united states".');
  }
  return name;
}
