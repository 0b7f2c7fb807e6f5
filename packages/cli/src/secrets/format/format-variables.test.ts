import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { AppError } from "@sophia/core/errors/app-error";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { formatVariables } from "./format-variables.ts";

const folder = mkdtempSync(join(tmpdir(), "sophia-quote-"));
const file = join(folder, "values");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const hostilePieces = [
  ...Array.from("'\"`$\\!#;&|<>(){}[]*?~=% \t\n\r^,:@é\u{1F600}\u007F\u0001"),
  "$(touch pwned)",
  "`touch pwned`",
  "${HOME}",
  "\\n",
  "'; touch pwned; '",
  "\nINJECTED=1\n",
  "export ",
  "EOF",
];
const hostileValue = fc
  .array(fc.oneof(fc.constantFrom(...hostilePieces), fc.string({ unit: "binary", maxLength: 4 })), { maxLength: 12 })
  .map((pieces) => pieces.join("").replaceAll("\0", ""));

/** What the shell has in these variables after it sourced the text. */
function source(shell: string, text: string, names: readonly string[]): string[] {
  writeFileSync(file, `${text}\n`);
  const print = names.map((name) => `printf '%s\\0' "$${name}"`).join("; ");
  const script = `. "$0"; ${print}; [ -e pwned ] && printf PWNED; [ -n "$INJECTED" ] && printf INJECTED; :`;
  const output = execFileSync(shell, ["-c", script, file], {
    cwd: folder,
    env: { PATH: process.env["PATH"] },
    // bash takes a socket at its stdin for a remote shell, and reads the start-up files of one.
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [marks = "", ...values] = output.toString().split("\0").toReversed();
  expect(marks).toBe("");
  return values.toReversed();
}

test.each(["bash", "sh"])("%s reads exactly the values back, and runs nothing", (shell) => {
  fc.assert(
    fc.property(fc.array(hostileValue, { minLength: 20, maxLength: 150 }), (values) => {
      const variables = values.map((value, index) => [`V_${index}`, value] as const);
      const text = formatVariables(variables, "shell");
      expect(
        source(
          shell,
          text,
          variables.map(([name]) => name),
        ),
      ).toEqual(values);
    }),
    { numRuns: 8 },
  );
});

test("a dotenv reader and both shells read a dotenv file alike, or the value is refused by name", () => {
  const counts = { written: 0, refused: 0 };
  fc.assert(
    fc.property(fc.array(hostileValue, { minLength: 20, maxLength: 150 }), (values) => {
      const accepted = values.flatMap((value, index): (readonly [string, string])[] => {
        const name = `V_${index}`;
        try {
          formatVariables([[name, value]], "dotenv");
          return [[name, value]];
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(AppError);
          expect((thrown as AppError).message).toContain(name);
          expect(value).toMatch(/\r|'/);
          counts.refused += 1;
          return [];
        }
      });
      counts.written += accepted.length;
      const text = formatVariables(accepted, "dotenv");
      expect(parseEnv(`${text}\n`)).toEqual(Object.fromEntries(accepted));
      const names = accepted.map(([name]) => name);
      for (const shell of ["bash", "sh"])
        expect(source(shell, text, names)).toEqual(accepted.map(([, value]) => value));
    }),
    { numRuns: 6 },
  );
  expect(counts.written).toBeGreaterThan(20);
  expect(counts.refused).toBeGreaterThan(0);
});

test.each(["A B", "A;touch pwned", "1A", "", "A$(x)", "A\nB", "é"])("the name %j is refused", (name) => {
  for (const format of ["shell", "dotenv"] as const) {
    expect(() => formatVariables([[name, "x"]], format)).toThrow(/cannot be the name of a variable/);
  }
});

test("a NUL is refused, and the value is not quoted", () => {
  expect(() => formatVariables([["KEY", "canary\0value"]], "shell")).toThrow(/^KEY contains a NUL/);
});
