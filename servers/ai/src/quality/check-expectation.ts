import { AppError } from "@sophia/core/errors/app-error";

export type Expectation = "contains" | "equals" | "number";

/** 1 when the answer says what was expected, else 0. Case and blanks do not count. */
export function checkExpectation(kind: Expectation, answer: string, expected: string): number {
  const [said, wanted] = [normalise(answer), normalise(expected)];
  if (kind === "equals") return said === wanted ? 1 : 0;
  if (kind === "contains") return said.includes(wanted) ? 1 : 0;
  const number = lastNumber(expected);
  if (number === undefined) {
    throw new AppError("invalid_input", "An item that is checked as a number expects a number.", {
      hint: 'Example: {"prompt": "What is 6 times 7?", "expected": "42"}',
    });
  }
  const answered = lastNumber(answer);
  return answered !== undefined && Math.abs(answered - number) <= 1e-9 * Math.max(1, Math.abs(number)) ? 1 : 0;
}

function normalise(text: string): string {
  return text
    .normalize("NFKC")
    .toLowerCase()
    .replaceAll(/\s+/g, " ")
    .replaceAll(/^[\s"'`*]+|[\s"'`*.!]+$/g, "");
}

/** Models work their way to the result: the last number is the answer. */
function lastNumber(text: string): number | undefined {
  const found = text.match(/-?\d{1,15}(?:,\d{3}){0,4}(?:\.\d{1,12})?/g)?.at(-1);
  return found === undefined ? undefined : Number(found.replaceAll(",", ""));
}
