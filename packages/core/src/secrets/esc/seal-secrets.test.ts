import fc from "fast-check";
import { expect, test } from "vitest";
import { applyPatches } from "./apply-patches.ts";
import { escapeControls } from "./editing/yaml-document.ts";
import { openSecrets } from "./open-secrets.ts";
import { sealSecrets } from "./seal-secrets.ts";
import { evaluateText } from "./testing/evaluate-text.ts";
import { rot128 } from "./testing/rot128.ts";

const source = `# kept
values:
  block:
    fn::secret: password   # behind
  flow: {x: [1,2], y: { fn::secret: "in flow" }} # kept too
  lines:
    fn::secret: |
      line 1
      line 2
  number: { fn::secret: 12345 }
  after: 0x1F
`;

test("secrets are sealed in place, and nothing else in the text moves", async () => {
  const sealed = await sealSecrets(source, rot128);
  expect(sealed).toBe(`# kept
values:
  block:
    fn::secret:
      ciphertext: ZXNjeAAAAAHw4fPz9+/y5EF+Xkc=   # behind
  flow: {x: [1,2], y: { fn::secret: { ciphertext: ZXNjeAAAAAHp7qDm7O/3DjOWCQ== } }} # kept too
  lines:
    fn::secret:
      ciphertext: ZXNjeAAAAAHs6e7loLGK7Onu5aCyivRe/D4=
  number: { fn::secret: 12345 }
  after: 0x1F
`);
  expect(await sealSecrets(sealed, rot128)).toBe(sealed);
  const opened = await openSecrets(sealed, rot128);
  expect(opened).toBe(
    source.replace("|\n      line 1\n      line 2\n", '"line 1\\nline 2\\n"\n').replace('"in flow"', "in flow"),
  );
});

test("any secret is the same sealed, opened again, and evaluated", async () => {
  const text = fc.string({ unit: "binary", minLength: 4 }).map((value) => value.toWellFormed());
  await fc.assert(
    fc.asyncProperty(text, fc.boolean(), async (plain, isFlow) => {
      const quoted = escapeControls(JSON.stringify(plain));
      const definition = isFlow
        ? `values: { s: { fn::secret: ${quoted} } }\n`
        : `values:\n  s:\n    fn::secret: ${quoted}\n  t: 1\n`;
      const sealed = await sealSecrets(definition, rot128);
      const { revealed, redacted } = await evaluateText(sealed);
      expect(revealed).toMatchObject({ s: plain });
      expect(redacted).toMatchObject({ s: "[secret]" });
      const opened = await openSecrets(sealed, rot128);
      expect(await sealSecrets(opened, rot128)).toBe(sealed);
    }),
    { numRuns: 200 },
  );
});

test("damaged ciphertext is refused with its line", async () => {
  const damaged = (await sealSecrets(source, rot128)).replace("ZXNjeAAAAAHw4", "ZXNjeAAAAAHx4");
  await expect(openSecrets(damaged, rot128)).rejects.toThrow("The ciphertext at line 4 is damaged: invalid checksum.");
});

test("rotation state is written back, its secrets as secrets, and comes out the same", async () => {
  const definition = `# kept
values:
  key:
    fn::rotate::swap: # turns
      inputs: {}
      state:
        a: { fn::secret: first }
        b: second # idle
`;
  const { evaluation } = await evaluateText(definition, { mode: "rotate" });
  const written = applyPatches(definition, evaluation.patches);
  expect(written).toBe(`# kept
values:
  key:
    fn::rotate::swap:
      # turns
      inputs: {}
      state:
        a: second
        b:
          fn::secret: first
`);
  expect((await evaluateText(written)).redacted).toEqual({ key: { a: "second", b: "[secret]" } });
});
