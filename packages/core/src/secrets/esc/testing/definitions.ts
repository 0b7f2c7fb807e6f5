import fc from "fast-check";
import { wrapCiphertext } from "../ciphertext-envelope.ts";
import { pipelines } from "./pipelines.ts";

/** A letter that stands in secrets only. Whatever part of a secret shows up somewhere, it shows. */
export const canary = "Ж";

const secretTexts = [`${canary}`, `${canary},${canary}`, `["${canary}",{"k":"${canary}"}]`, `{"k":{"a":"${canary}"}}`];
const keys = ["a", "b", "c", "d", "k", "a b", "__proto__", "toString"];
const environmentNames = ["one", "two", "p/three"];

type Json = unknown;

const key = fc.constantFrom(...keys);

const accessor = fc.oneof(
  key.map((name) => (/^\w+$/.test(name) ? `.${name}` : `["${name}"]`)),
  fc.integer({ min: 0, max: 2 }).map((index) => `[${index}]`),
);

const root = fc.oneof(
  { weight: 6, arbitrary: key.map((name) => (/^\w+$/.test(name) ? name : `["${name}"]`)) },
  { weight: 1, arbitrary: fc.constantFrom(...environmentNames).map((name) => `imports["${name}"]`) },
  {
    weight: 1,
    arbitrary: fc.constantFrom("context.pulumi.user.id", "context.rootEnvironment", "environments.p.three"),
  },
);

const access = fc
  .tuple(root, fc.array(accessor, { maxLength: 3 }))
  .map(([first, rest]) => `\${${first}${rest.join("")}}`);

const text = fc.oneof(
  fc.constantFrom("x", "a,b", "1", "", "$${a}", "é日", '{"k": [1, 2]}', "eA=="),
  access,
  fc.tuple(access, access).map(([left, right]) => `<${left}|${right}>`),
);

const secret = fc
  .tuple(fc.constantFrom(...secretTexts), fc.boolean())
  .map(([plain, isSealed]) => ({ "fn::secret": isSealed ? { ciphertext: seal(plain) } : plain }));

function seal(plain: string): string {
  return wrapCiphertext(Buffer.from(plain.padEnd(4)).map((byte) => (byte + 128) & 0xff));
}

const leaf = fc.oneof(
  { weight: 4, arbitrary: text },
  { weight: 3, arbitrary: secret },
  { weight: 1, arbitrary: fc.constantFrom(null, true, 0, 1.5, 1e21) },
);

const { expression } = fc.letrec<{ expression: Json }>((tie) => {
  const inner = tie("expression");
  const call = (name: string, argument: fc.Arbitrary<Json>): fc.Arbitrary<Json> =>
    argument.map((value) => ({ [`fn::${name}`]: value }));
  const pair = (left: fc.Arbitrary<Json>, right: fc.Arbitrary<Json>): fc.Arbitrary<Json> => fc.tuple(left, right);
  const schema = fc.oneof(
    fc.constantFrom<Json>(
      { type: "string" },
      { enum: ["x", 1] },
      { type: "object", properties: { a: { type: "number" } } },
    ),
    secret.map((value) => ({ const: value })),
  );
  return {
    expression: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      leaf,
      fc.array(inner, { maxLength: 3 }),
      fc.dictionary(key, inner, { maxKeys: 3 }),
      ...["toJSON", "fromJSON", "toString", "toBase64", "fromBase64", "final", "concat"].map((name) =>
        call(name, inner),
      ),
      call("concat", fc.array(inner, { maxLength: 3 })),
      call("join", pair(text, fc.array(inner, { maxLength: 3 }))),
      call("split", pair(fc.constantFrom(",", ""), inner)),
      call("validate", fc.record<Json>({ schema, value: inner })),
      call("open::test", fc.dictionary(key, inner, { maxKeys: 3 })),
      call("open::secret-wrapper", fc.dictionary(key, inner, { maxKeys: 2 })),
      call("open::error", fc.record<Json>({ why: inner })),
      call("rotate::swap", fc.record<Json>({ inputs: fc.constant({}), state: fc.record({ a: inner, b: inner }) })),
    ),
  };
});

const imports = fc.array(
  fc.oneof(
    fc.constantFrom<Json>(...environmentNames),
    fc.constantFrom(...environmentNames).map((name): Json => ({ [name]: { merge: false } })),
  ),
  { maxLength: 3 },
);

const definition = fc
  .record({ imports, values: fc.oneof(fc.dictionary(key, expression, { maxKeys: 6 }), pipelines(secret)) })
  // JSON is YAML, and a number keeps its digits either way.
  .map((value) => JSON.stringify(value));

/** A root definition with the environments that it may import. */
export const definitions = fc.record({
  source: definition,
  environments: fc.tuple(definition, definition, definition).map(([one, two, three]) => ({
    one,
    two,
    "p/three": three,
  })),
});
