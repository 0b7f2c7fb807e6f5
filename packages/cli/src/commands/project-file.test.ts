import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { explainProjectFile } from "./project-file.ts";

const repository = fileURLToPath(new URL("../../../../", import.meta.url));
const servers = {
  "sophia-ai": { url: "http://127.0.0.1:8091/mcp", headers: { Authorization: "Bearer canary-9f31" } },
  "sophia-bi": { url: "http://127.0.0.1:8094/mcp", headers: { Authorization: "Bearer canary-9f31" } },
};
let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sophia-project-"));
  mkdirSync(join(folder, ".cursor"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const written = "/home/somebody/.cursor/mcp.json";

test("in this repository it says which entry Cursor takes and where the token comes from", async () => {
  const tokenFile = "/data/caller-token";
  const text = await explainProjectFile({ folder: repository, written, servers, tokenFile });
  expect(text).toContain(`${join(repository, ".cursor", "mcp.json")} names sophia-ai, sophia-bi too.`);
  expect(text).toContain('export SOPHIA_TOKEN="$(cat /data/caller-token)"');
  expect(text).not.toContain("differ");
  expect(text).not.toContain("canary-9f31");
});

test("other ports in the project's file are told", async () => {
  const moved = { ...servers, "sophia-bi": { ...servers["sophia-bi"], url: "http://127.0.0.1:9094/mcp" } };
  const text = await explainProjectFile({ folder: repository, written, servers: moved, tokenFile: undefined });
  expect(text).toContain("The addresses of sophia-bi differ there");
});

test.for(["", "{", "[]", '{"mcpServers": {"other": {"url": "x"}}}', '{"mcpServers": 7}'])(
  "nothing is said about %j",
  async (content) => {
    writeFileSync(join(folder, ".cursor", "mcp.json"), content);
    expect(await explainProjectFile({ folder, written, servers, tokenFile: undefined })).toBeUndefined();
  },
);

test("nothing is said about the file that was written itself", async () => {
  const own = join(folder, ".cursor", "mcp.json");
  writeFileSync(own, JSON.stringify({ mcpServers: servers }));
  expect(await explainProjectFile({ folder, written: own, servers, tokenFile: undefined })).toBeUndefined();
});
