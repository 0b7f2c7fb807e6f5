import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { loadConfig } from "../load-config.ts";
import { findFacts } from "./find-facts.ts";

let folder = "";
beforeEach(() => void (folder = realpathSync(mkdtempSync(join(tmpdir(), "sophia-facts-")))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function find(variables: Record<string, string>, modelUrls: readonly string[] = []) {
  const environment = { PATH: folder, DOCKER_HOST: "unix:///nowhere", ...variables };
  return findFacts({ environment, config: loadConfig(environment), log: pino({ level: "silent" }) }, modelUrls);
}

function placeProgram(name: string): string {
  const path = join(folder, name);
  writeFileSync(path, "");
  chmodSync(path, 0o755);
  return path;
}

test("the repositories are those the Copilot reads: the folders of SOPHIA_INFRA_REPOSITORIES, or one level below", async () => {
  placeProgram("git");
  mkdirSync(join(folder, "clones", "shop", ".git"), { recursive: true });
  mkdirSync(join(folder, "empty"));
  const clones = await find({ SOPHIA_INFRA_REPOSITORIES: join(folder, "clones") });
  expect(clones.gitClone).toBe(join(folder, "clones", "shop"));
  // This test runs inside a clone, which is not meant.
  expect((await find({ SOPHIA_INFRA_REPOSITORIES: join(folder, "empty") })).gitClone).toBeUndefined();
});

test("git is looked for where SOPHIA_INFRA_GIT says", async () => {
  mkdirSync(join(folder, ".git"));
  const git = placeProgram("my-git");
  const repositories = { SOPHIA_INFRA_REPOSITORIES: folder };
  expect((await find(repositories)).gitClone).toBeUndefined();
  expect((await find({ ...repositories, SOPHIA_INFRA_GIT: git })).gitClone).toBe(folder);
});

test("model servers are looked for unless SOPHIA_AI_LOCAL_MODELS forbids it", async () => {
  const server = createServer((_request, response) => response.end('{"object":"list","data":[{"id":"m"}]}'));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  expect((await find({}, [url])).modelEndpoints).toEqual([url]);
  expect((await find({ SOPHIA_AI_LOCAL_MODELS: "0" }, [url])).modelEndpoints).toEqual([]);
  server.close();
});
