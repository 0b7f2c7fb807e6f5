import { parseEnv } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseEnvText, removeEntries } from "./parse-env-text.ts";

function read(text: string): Record<string, string> {
  return Object.fromEntries(parseEnvText(text).entries.map(({ name, value }) => [name, value]));
}

describe("parseEnvText", () => {
  it("reads quotes, several lines, export, comments, blanks and empty values", () => {
    const text = [
      "# comment",
      "A=1 # why",
      "export B = two words ",
      "C='single # kept'",
      'D="line one',
      'line two" # after',
      "E=`back 'tick'`",
      'F="a\\nb"',
      "G=",
      "H=#",
      "  I=x=y==",
      "J='a\\nb'",
    ].join("\n");
    expect(read(text)).toEqual({
      A: "1",
      B: "two words",
      C: "single # kept",
      D: "line one\nline two",
      E: "back 'tick'",
      F: "a\nb",
      G: "",
      H: "",
      I: "x=y==",
      J: "a\\nb",
    });
    expect(parseEnvText(text).entries.find(({ name }) => name === "D")).toMatchObject({ firstLine: 5, lastLine: 6 });
  });

  it("reads Windows line ends and a byte order mark", () => {
    expect(read('\uFEFFA=1\r\nB="x\r\ny"\r\nC=3\r\n')).toEqual({ A: "1", B: "x\ny", C: "3" });
  });

  it("tells duplicates: the last counts", () => {
    const parsed = parseEnvText("A=1\nB=2\nA=3\nA=4\n");
    expect(parsed.duplicates).toEqual([{ name: "A", lines: [1, 3] }]);
    expect(parsed.entries.at(-1)).toEqual({ name: "A", value: "4", firstLine: 4, lastLine: 4 });
  });

  it("tells lines that are no assignment by their number alone", () => {
    expect(parseEnvText("A=1\nnothing here\nB C=2\n9X=1\n").unclearLines).toEqual([2, 3, 4]);
  });

  const names = fc.constantFrom("A", "B_1", "C", "export D", "PATH_X");
  const values = fc.oneof(
    fc.string({ maxLength: 12 }),
    fc.string({ unit: fc.constantFrom("a", "'", '"', "`", "#", " ", "\\", "n", "=", "$", "\t"), maxLength: 12 }),
    fc.string({ unit: fc.constantFrom("a", "#", " ", "\n", "=", "\\n"), maxLength: 12 }).map((text) => `"${text}"`),
    fc.string({ unit: fc.constantFrom("a", '"', " ", "\n", "="), maxLength: 12 }).map((text) => `'${text}'`),
  );
  const lines = fc.oneof(
    fc.tuple(names, values).map(([name, value]) => `${name}=${value}`),
    fc.constantFrom("", "# note", "no assignment", "  ", "=", "#A=1"),
  );
  const files = fc
    .tuple(fc.array(lines, { maxLength: 12 }), fc.constantFrom("\n", "\r\n"))
    .map(([all, end]) => all.join(end));

  it("never gives a value that Node would not give", () => {
    fc.assert(
      fc.property(files, (text) => {
        const whole = parseEnv(text);
        for (const [name, value] of Object.entries(read(text))) expect(whole[name]).toBe(value);
      }),
      { numRuns: 2_000 },
    );
  });

  it("accounts for every variable that Node finds: read, or its line told as unclear", () => {
    fc.assert(
      fc.property(files, (text) => {
        const parsed = parseEnvText(text);
        const missing = Object.keys(parseEnv(text)).filter(
          (name) => /^\w+$/.test(name) && !Object.hasOwn(read(text), name),
        );
        expect(missing.length === 0 || parsed.unclearLines.length > 0).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it("takes the assignments out and leaves every other byte", () => {
    fc.assert(
      fc.property(files, (text) => {
        const parsed = parseEnvText(text);
        const rest = removeEntries(text, parsed.entries);
        const isGone = (line: number): boolean =>
          parsed.entries.some(({ firstLine, lastLine }) => firstLine <= line && line <= lastLine);
        for (const [index, line] of text.split("\n").entries()) {
          if (/^\s*#/.test(line) && !isGone(index + 1) && parsed.unclearLines.length === 0)
            expect(rest).toContain(line);
        }
        expect(removeEntries(text, [])).toBe(text);
      }),
    );
    expect(
      removeEntries(
        '\uFEFFA=1\r\n# kept\r\nB="x\r\ny"\r\n\r\nC=3',
        parseEnvText('\uFEFFA=1\r\n# kept\r\nB="x\r\ny"\r\n\r\nC=3').entries,
      ),
    ).toBe("\uFEFF# kept\r\n\r\n");
  });
});
