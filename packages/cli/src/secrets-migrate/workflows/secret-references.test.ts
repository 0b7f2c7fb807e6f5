import fc from "fast-check";
import { expect, it } from "vitest";
import { findSecretReferences } from "./secret-references.ts";

function names(text: string): (string | undefined)[] {
  return findSecretReferences(text).map(({ name }) => name);
}

it.each([
  ["${{ secrets.A }}", ["A"]],
  ["${{secrets.a_b}}", ["A_B"]],
  ["x ${{ secrets['A'] }} y ${{ Secrets.B }}", ["A", "B"]],
  ["${{ secrets.A || secrets.B }}", ["A", "B"]],
  ["${{ format('{0}}} secrets.X', secrets.A) }}", ["A"]],
  ["${{ 'it''s secrets.X' }}", []],
  ["${{ inputs.secrets.A }}", []],
  ["${{ steps.secrets.outputs.A }}", []],
  ["secrets.A", []],
  ["${{ toJSON(secrets) }}", [undefined]],
  ["${{ secrets[matrix.name] }}", [undefined]],
  ["${{ secrets.* }}", [undefined]],
  ["${{ my_secrets.A }}", []],
  ["${{ secrets.A", []],
  ["${{ '", []],
])("finds in %s", (text, expected) => {
  expect(names(text)).toEqual(expected);
});

it("says whether a reference is the whole expression", () => {
  expect(findSecretReferences("a-${{ secrets.A }}-b").map(({ alone }) => alone)).toEqual([true]);
  expect(findSecretReferences("${{ secrets.A != '' }}").map(({ alone }) => alone)).toEqual([false]);
});

it("gives spans that hold the reference, in order, for any text", () => {
  const piece = fc.oneof(
    fc.constantFrom("${{", "}}", "'", "secrets", ".", "A", "['B']", " ", "[", "x.secrets.C", "||"),
    fc.string({ maxLength: 4 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
      const text = pieces.join("");
      let last = 0;
      for (const { start, end } of findSecretReferences(text)) {
        expect(start).toBeGreaterThanOrEqual(last);
        expect(text.slice(start, end)).toMatch(/^secrets/i);
        last = end;
      }
    }),
    { numRuns: 2_000 },
  );
});
