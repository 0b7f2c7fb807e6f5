import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  lstatSync,
  writeFileSync,
  chmodSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { mergeServers, readCursorConfig, writeCursorConfig } from "./cursor-config.ts";

let folder = "";
let file = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sophia-cursor-"));
  file = join(folder, ".cursor", "mcp.json");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const sophia = { "sophia-ai": { url: "http://127.0.0.1:8091/mcp", headers: { Authorization: "Bearer secret" } } };

test("without a file one is made, for its owner alone", async () => {
  const backup = await writeCursorConfig(file, mergeServers(await readCursorConfig(file), sophia));
  expect(backup).toBeUndefined();
  expect(JSON.parse(readFileSync(file, "utf8"))).toEqual({ mcpServers: sophia });
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test("other servers and other keys stay, the old file is kept for its owner alone", async () => {
  await writeCursorConfig(file, { mcpServers: {} });
  const before = '{"note": [1], "mcpServers": {"other": {"command": "x"}, "sophia-ai": {"url": "old"}}}';
  writeFileSync(file, before);
  chmodSync(file, 0o644);
  const backup = await writeCursorConfig(file, mergeServers(await readCursorConfig(file), sophia));
  expect(JSON.parse(readFileSync(file, "utf8"))).toEqual({
    note: [1],
    mcpServers: { other: { command: "x" }, ...sophia },
  });
  expect(readFileSync(backup ?? "", "utf8")).toBe(before);
  expect([statSync(file).mode & 0o777, statSync(backup ?? "").mode & 0o777]).toEqual([0o600, 0o600]);
});

test("a second time changes nothing and keeps no copy", async () => {
  await writeCursorConfig(file, mergeServers(await readCursorConfig(file), sophia));
  expect(await writeCursorConfig(file, mergeServers(await readCursorConfig(file), sophia))).toBeUndefined();
  expect(readdirSync(join(folder, ".cursor"))).toEqual(["mcp.json"]);
});

test("a link stays a link", async () => {
  await writeCursorConfig(file, { mcpServers: {} });
  const link = join(folder, "link.json");
  symlinkSync(file, link);
  await writeCursorConfig(link, mergeServers({}, sophia));
  expect(lstatSync(link).isSymbolicLink()).toBe(true);
  expect(readFileSync(file, "utf8")).toContain("sophia-ai");
});

test.for([
  { name: "a comment", text: '{\n  // mine\n  "mcpServers": {}\n}', says: "(line 2, column 3)" },
  { name: "a comma too many", text: '{"mcpServers": {"a": {"url": "x"},}}', says: "not valid JSON" },
  { name: "a list", text: "[]", says: "must be an object" },
  { name: "another shape", text: '{"mcpServers": []}', says: "must be an object" },
])("$name is explained and the file is left alone", async ({ text, says }) => {
  await writeCursorConfig(file, {});
  writeFileSync(file, text);
  await expect(readCursorConfig(file)).rejects.toThrow(says);
  expect(readFileSync(file, "utf8")).toBe(text);
});

test("a folder that cannot be made is explained", async () => {
  writeFileSync(join(folder, "file"), "");
  const below = join(folder, "file", "mcp.json");
  await expect(writeCursorConfig(below, mergeServers({}, sophia))).rejects.toThrow(`${below} cannot be written.`);
});

test("the explanation of a mistake never quotes the file", async () => {
  await writeCursorConfig(file, {});
  writeFileSync(file, '{"mcpServers": {"a": {"headers": {"Authorization": "Bearer canary-9f31" "}}}}');
  const error = await readCursorConfig(file).catch((thrown: unknown) => thrown);
  expect(`${String(error)} ${JSON.stringify(error)}`).not.toContain("canary-9f31");
});

test("whatever else is configured survives the merge", () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.jsonValue()),
      fc.dictionary(fc.string(), fc.jsonValue()),
      (rest, servers) => {
        const merged = mergeServers({ ...rest, mcpServers: servers }, sophia);
        expect(merged).toEqual({ ...rest, mcpServers: { ...servers, ...sophia } });
      },
    ),
  );
});
