import { AppError } from "@sophia/core/errors/app-error";
import { refuseNul } from "./quote-shell.ts";

/** What a shell acts on between double quotes, and what a reader of dotenv files expands or ends the value at. */
const activeInDoubleQuotes = /["$`\\]/;

/**
 * The value as dotenv readers (Node's parseEnv among them) and a shell that sources the file both read it. Dotenv knows
 * no escape, so that a few values have no such spelling, and one that only a dotenv reader understands could run a
 * command when the file is sourced: they are refused with AppError `invalid_input`.
 */
export function quoteDotenv(name: string, value: string): string {
  if (value.includes("\0")) throw refuseNul(name);
  // Node's reader drops every carriage return, also between quotes.
  if (value.includes("\r")) throw refuse(name, "a carriage return");
  if (!value.includes("'")) return `'${value}'`;
  if (!activeInDoubleQuotes.test(value)) return `"${value}"`;
  throw refuse(name, "a ' together with one of \" $ ` \\");
}

function refuse(name: string, what: string): AppError {
  return new AppError("invalid_input", `A dotenv file cannot hold ${name}: its value has ${what}.`, {
    hint: "Take --format shell or json, or start the program with `secrets run`, which needs no file.",
  });
}
