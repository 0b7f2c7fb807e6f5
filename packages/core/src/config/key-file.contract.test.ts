import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { startScript } from "../testing/child-script.ts";
import { ensureKeyFile } from "./key-file.ts";

const source = `
import { randomBytes } from "node:crypto";
import { ensureKeyFile } from ${JSON.stringify(new URL("./key-file.ts", import.meta.url).href)};
const path = JSON.parse(process.argv.at(-1));
process.stdout.write("key " + ensureKeyFile(path, () => randomBytes(32)).toString("hex") + "\\n");
`;

it("makes one key, readable by its owner only, whoever comes first", async () => {
  const directory = mkdtempSync(join(tmpdir(), "sophia-key-"));
  try {
    const path = join(directory, "deep", "key");
    const keys = await Promise.all(Array.from({ length: 6 }, () => startScript(source, path).waitFor("key ")));
    expect(new Set(keys).size).toBe(1);
    expect(keys[0]).toBe(`key ${readFileSync(path).toString("hex")}`);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(directory, "deep"))).toEqual(["key"]);
    expect(ensureKeyFile(path, () => "other")).toEqual(readFileSync(path));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
