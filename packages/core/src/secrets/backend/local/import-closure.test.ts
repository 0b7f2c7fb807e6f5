import { expect, test } from "vitest";
import { AppError } from "../../../errors/app-error.ts";
import { formatEnvironmentId, parseEnvironmentId } from "../environment-id.ts";
import type { EnvironmentId } from "../secret-backend.ts";
import { listImportClosure } from "./import-closure.ts";

function backendOf(texts: Readonly<Record<string, string>>) {
  return {
    async read(id: EnvironmentId, options: { revision?: number | string } = {}) {
      const name = formatEnvironmentId(id) + (options.revision === undefined ? "" : `@${options.revision}`);
      const yaml = texts[name];
      if (yaml === undefined) throw new AppError("not_found", "There is no such environment.");
      return { yaml, etag: "1", revision: 1 };
    },
  };
}

async function closureOf(texts: Readonly<Record<string, string>>, root = "p/a"): Promise<string[]> {
  return (await listImportClosure(backendOf(texts), parseEnvironmentId(root))).map(formatEnvironmentId).toSorted();
}

test("imports of every depth and kind, and references without an import", async () => {
  const texts = {
    "p/a": `imports: [p/b, { p/c: { merge: false } }, plain, "p/d@2"]\nvalues: { x: '\${environments.p.e.y} \${environments["p"]["f.g"].z}' }`,
    "p/b": "imports:\n  - p/a\n  - p/h",
    "p/c": "values: {}",
    "default/plain": "",
    "p/d@2": "imports: [p/i]",
    "p/d": "imports: [p/not-this]",
  };
  expect(await closureOf(texts)).toEqual(["default/plain", "p/a", "p/b", "p/c", "p/d", "p/e", "p/f.g", "p/h", "p/i"]);
});

test("what two revisions of one environment import, also of the first one's own", async () => {
  const texts = {
    "p/a": "imports: [p/b@1, p/b, p/a@2]",
    "p/a@2": "imports: [p/older]",
    "p/b": "imports: [p/now]",
    "p/b@1": "imports: [p/then]",
  };
  expect(await closureOf(texts)).toEqual(["p/a", "p/b", "p/now", "p/older", "p/then"]);
});

test("text that is no definition leads nowhere", async () => {
  for (const text of [
    "",
    "[",
    "imports: 1",
    "imports: { a: b }",
    "- p/b",
    "imports: [7, '../x', 'a/b/c']",
    "&a [*a]",
  ]) {
    expect(await closureOf({ "p/a": text }), text).toEqual(["p/a"]);
  }
});

test("the first one has to be there, and a flood is refused", async () => {
  await expect(closureOf({}, "p/none")).rejects.toMatchObject({ kind: "not_found" });
  const list = (length: number): string => Array.from({ length }, (_, index) => `p/n${index}`).join(", ");
  expect(await closureOf({ "p/a": `imports: [${list(1_000)}]` })).toHaveLength(1_001);
  await expect(closureOf({ "p/a": `imports: [${list(1_001)}]` })).rejects.toMatchObject({ kind: "invalid_input" });
});
