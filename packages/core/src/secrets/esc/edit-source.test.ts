import fc from "fast-check";
import { expect, test } from "vitest";
import { Secret } from "../../config/secret.ts";
import { removeValue, setValue } from "./edit-source.ts";
import { evaluateText } from "./testing/evaluate-text.ts";

const source = `# what this is
imports:
- base # shared

values:
  # how many
  count: 1_000 # really
  empty:
  nested:
    list: [1, 2]
`;

test("a value is set where it stands, with all comments and the way lists are written", () => {
  const edited = setValue(source, "values.count", { data: "1_000" });
  expect(edited).toContain('  # how many\n  count: "1_000" # really\n');
  expect(edited).toContain("# what this is\nimports:\n- base # shared\n");
  expect(setValue(source, 'values.nested["a key"][0].b', { data: true })).toContain("    a key:\n    - b: true\n");
  expect(setValue(source, "values.empty.secret", { secret: new Secret("s: $x") })).toContain(
    '  empty:\n    secret:\n      fn::secret: "s: $x"\n',
  );
  expect(setValue(source, "imports[1]", { text: "more" })).toContain("- base # shared\n- more\n");
  expect(setValue("", "values.a", { yaml: "{ fn::toJSON: [1] }" })).toBe("values:\n  a: { fn::toJSON: [ 1 ] }\n");
});

test("a value is removed; what is not there is no reason to change anything", () => {
  expect(removeValue(source, "values.nested.list")).toContain("nested: {}\n");
  expect(removeValue(source, "values.count")).not.toContain("count");
  expect(removeValue(source, "values.nowhere.at")).toBe(source);
  expect(removeValue(source, "imports[0]")).toContain("imports: []\n");
});

test("a path through something else is refused, as is what is no YAML", () => {
  expect(() => setValue(source, "values.count.x", { data: 1 as never })).toThrow("values.count is not an object.");
  expect(() => setValue(source, "values.nested.list[5]", { text: "x" })).toThrow("is not a list that is long enough.");
  expect(() => setValue("a: [", "values.a", { text: "x" })).toThrow("no valid YAML, from line 1 on.");
  expect(() => setValue(source, "values.a", { yaml: "[" })).toThrow("The value is no valid YAML.");
});

test("any text that is set comes out of evaluation as it went in", async () => {
  const texts = fc.oneof(
    fc.string(),
    fc.string({ unit: "binary" }),
    fc.constantFrom("0777", "1_000", "yes", "~", "null", "0x1F", "1e3", ".5", "2001-12-14", "- a", "a: b", "# c", "<<"),
    fc.constantFrom(
      "-----BEGIN X-----\nab+/=\n-----END X-----\n",
      "a\n\n",
      "\n a",
      "$${x}",
      "${x}",
      " a ",
      "a\t",
      "é\u0085b",
    ),
  );
  const wellFormed = texts.map((text) => text.toWellFormed());
  await fc.assert(
    fc.asyncProperty(wellFormed, wellFormed, fc.boolean(), async (key, text, isSecret) => {
      const value = isSecret ? { secret: new Secret(text) } : { text };
      const edited = setValue(source, ["values", "box", `k${key.replaceAll("$", "")}`], value);
      const { revealed, problems } = await evaluateText(edited.replace("- base # shared", "[]").replace("[]", ""));
      if (isSecret && text.includes("$")) return;
      expect(problems.filter((problem) => !problem.includes("imports"))).toEqual([]);
      expect(Object.values((revealed as { box: object }).box)).toEqual([text]);
    }),
    { numRuns: 300 },
  );
});
