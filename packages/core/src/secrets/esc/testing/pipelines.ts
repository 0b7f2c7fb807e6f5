import fc from "fast-check";

type Json = unknown;

const transforms: readonly ((before: string) => Json)[] = [
  (before) => ({ "fn::split": [",", before] }),
  (before) => ({ "fn::split": ["", before] }),
  (before) => ({ "fn::concat": [["open"], before] }),
  (before) => ({ "fn::concat": [before, ["open"]] }),
  (before) => ({ "fn::join": ["-", ["open", before]] }),
  (before) => ({ "fn::join": ["-", before] }),
  (before) => ({ "fn::toJSON": before }),
  (before) => ({ "fn::toJSON": { a: [before] } }),
  (before) => ({ "fn::fromJSON": before }),
  (before) => ({ "fn::toString": before }),
  (before) => ({ "fn::toBase64": before }),
  (before) => ({ "fn::fromBase64": before }),
  (before) => ({ "fn::final": before }),
  (before) => ({ "fn::final": { a: before, k: "open" } }),
  (before) => ({ "fn::validate": { schema: true, value: before } }),
  (before) => ({ "fn::open::test": { a: before } }),
  (before) => ({ "fn::open::test": { a: [before, "open"] } }),
  (before) => ({ "fn::open::secret-wrapper": { a: before } }),
  (before) => [before, "open"],
  (before) => ({ a: before, k: "open" }),
  (before) => `<${before}>`,
  (before) => before,
];

const step = fc.record({
  transform: fc.constantFrom(...transforms),
  path: fc.constantFrom("", "", "", "[0]", "[1]", ".a", ".a[0]", ".k", "[0].a"),
  before: fc.integer({ min: 1, max: 2 }),
});

/** Values of which each is made of one shortly before it, the first of a given expression. */
export function pipelines(first: fc.Arbitrary<Json>): fc.Arbitrary<Record<string, Json>> {
  return fc.tuple(first, fc.array(step, { minLength: 2, maxLength: 6 })).map(([start, steps]) => {
    const values: Record<string, Json> = { v0: start };
    for (const [index, { transform, path, before }] of steps.entries()) {
      values[`v${index + 1}`] = transform(`\${v${Math.max(0, index + 1 - before)}${path}}`);
    }
    return values;
  });
}
