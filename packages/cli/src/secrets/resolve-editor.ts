import { AppError } from "@sophia/core/errors/app-error";
import type { Environment } from "@sophia/core/config/parse-config";
import { findProgram } from "../commands/find-facts.ts";

/** Editors that give the terminal back at once, and what makes them wait for the file to be closed. */
const waitFlags: Readonly<Record<string, string>> = { code: "--wait", cursor: "--wait", subl: "--wait" };

/** Program and arguments: `--editor`, else VISUAL, else EDITOR, else vi. Throws AppError `not_found`. */
export function resolveEditor(environment: Environment, chosen: string | undefined): string[] {
  const named = [chosen, environment["VISUAL"], environment["EDITOR"]].find((text) => (text ?? "").trim() !== "");
  const words = splitWords(named ?? "vi");
  const [program = ""] = words;
  const path = findProgram(program, environment);
  if (path === undefined) {
    throw new AppError("not_found", `There is no editor ${program}.`, {
      hint: "Name one with --editor, VISUAL or EDITOR.",
    });
  }
  const flag = words.length === 1 ? waitFlags[program] : undefined;
  return [path, ...words.slice(1), ...(flag === undefined ? [] : [flag])];
}

/** At blanks, except between quotes. */
function splitWords(text: string): string[] {
  const words = text.match(/(?:[^\s"']+|"(?:\\.|[^"\\])*"|'[^']*')+/g) ?? [];
  return words.map((word) =>
    word.replace(
      /"((?:\\.|[^"\\])*)"|'([^']*)'/g,
      (_all, double?: string, single?: string) => double?.replace(/\\(["\\])/g, "$1") ?? single ?? "",
    ),
  );
}
