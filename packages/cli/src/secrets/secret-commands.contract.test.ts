import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseCredential } from "@sophia/core/secrets/backend/local/credential";
import { expect, test } from "vitest";
import { useCommandBench } from "./testing/command-bench.ts";

const bench = useCommandBench();
const { run, succeed, writeScript } = bench;

const canary = "canary-0123456789abcdef0123456789abcdef";

test("a secret as an argument is refused with the way that works", async () => {
  await succeed(["init", "team/app"]);
  for (const words of [
    ["set", "OPENROUTER_API_KEY", canary],
    ["set", "team/app", "password", canary],
    ["set", "team/app", "anything", canary, "--secret"],
  ]) {
    const refused = await run(words);
    expect(refused).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("over stdin") });
    expect(refused.stderr).not.toContain(canary);
  }
  await succeed(["set", "team/app", "token"], { input: `${canary}\n` });
  expect(await run(["set", "team/app", "token", "plain"])).toMatchObject({ code: 1 });
  await succeed(["set", "team/app", "token", "plain", "--plaintext"]);
  expect(await succeed(["get", "team/app", "token", "--value", "string"])).toBe("plain\n");
});

test("an edit with errors is not kept, says where, and leaves no file", async () => {
  await succeed(["init", "team/app"]);
  const editor = writeScript(
    "editor",
    `echo "$1" > ${join(bench.folder, "path")}; printf 'values:\\n  a: $\{nowhere}\\n  k: {fn::secret: ${canary}}\\n' > "$1"`,
  );
  const refused = await run(["edit", "team/app"], { environment: { VISUAL: editor } });
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('unknown property "nowhere"');
  expect(refused.stderr).toContain("2 |   a: ${nowhere}");
  expect(refused.stderr).not.toContain(canary);
  expect(existsSync(readFileSync(join(bench.folder, "path"), "utf8").trim())).toBe(false);
  expect(await run(["edit", "team/app"], { environment: { EDITOR: "true" } })).toMatchObject({
    code: 0,
    stderr: "Nothing was changed.\n",
  });
  expect((await run(["edit", "team/app"], { environment: { EDITOR: "false" } })).code).toBe(1);
  expect((await run(["edit", "team/app"], { environment: { EDITOR: "/no/such/editor" } })).stderr).toContain(
    "--editor",
  );
});

test("check tells each mistake with its place; a file too", async () => {
  await succeed(["init", "team/app"]);
  expect((await run(["check", "team/app"])).code).toBe(0);
  const wrong = await run(["check", "--json"], { input: "values:\n  a: ${b}\n" });
  expect(wrong.code).toBe(1);
  expect(JSON.parse(wrong.stdout)).toMatchObject({
    ok: false,
    diagnostics: [{ severity: "error", path: "values.a", range: { begin: { line: 2 } } }],
  });
});

test("what was removed comes back", async () => {
  await succeed(["init", "team/app"]);
  await succeed(["set", "team/app", "a.b", "1"]);
  await succeed(["rm", "team/app", "a.b"]);
  expect(await run(["get", "team/app", "a.b"])).toMatchObject({ code: 1 });
  expect(await run(["rm", "team/app"])).toMatchObject({ code: 1, stderr: expect.stringContaining("--yes") });
  await succeed(["rm", "team/app", "--yes"]);
  expect(await run(["get", "team/app"])).toMatchObject({ code: 1, stderr: expect.stringContaining("secrets init") });
  expect(await succeed(["restore"])).toContain("team/app");
  await succeed(["restore", "team/app"]);
  expect(await succeed(["log", "team/app"])).toContain("Remove a.b");
});

test("a credential opens one server's secrets, and nothing of it is printed unless asked", async () => {
  await succeed(["init"]);
  const result = await run(["credential", "infra"]);
  const file = result.stdout.trim();
  const text = readFileSync(file, "utf8");
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(result.stdout + result.stderr).not.toContain(text.trim());
  const keyring = parseCredential(text);
  const names = [
    "infrastructure-development",
    "base",
    "stores-development",
    "ai-intelligence-development",
    "infrastructure-production",
  ];
  expect(names.map((name) => keyring.has({ project: "sophia", name }))).toEqual([true, true, true, false, false]);
  const only = { environment: { SOPHIA_SECRETS_CREDENTIAL_FILE: file } };
  await succeed(["set", "OPENROUTER_API_KEY"], { input: canary });
  expect((await run(["open", "sophia/infrastructure-development"], only)).code).toBe(0);
  const denied = await run(["open", "sophia/ai-intelligence-development"], only);
  expect(denied).toMatchObject({ code: 1, stdout: "" });
  expect(denied.stderr).toContain("sophia/ai-intelligence-development");
  expect(await succeed(["get", "sophia/ai-intelligence-development"], only)).toContain("[secret]");
});

test("tags name revisions and mark environments", async () => {
  await succeed(["init", "team/app"]);
  await succeed(["set", "team/app", "a", "1"]);
  await succeed(["set", "team/app", "a", "2"]);
  await succeed(["tag", "team/app@2", "stable"]);
  await succeed(["tag", "team/app", "owner=platform"]);
  expect(await succeed(["get", "team/app@stable", "a", "--value", "json"])).toBe("1\n");
  expect(JSON.parse(await succeed(["tag", "team/app", "--json"]))).toMatchObject({
    tags: { owner: "platform" },
    revisions: { stable: 2, latest: 3 },
  });
  await succeed(["tag", "team/app", "owner", "--remove"]);
  await succeed(["tag", "team/app", "stable", "--remove"]);
  expect(await run(["get", "team/app@stable"])).toMatchObject({ code: 1 });
});

test("a value that the servers would refuse does not keep it from being mended here", async () => {
  await succeed(["init"]);
  const refused = await run(["set", "SOPHIA_LOG_LEVEL", "nonsense"]);
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("SOPHIA_LOG_LEVEL must be one of") });
  await succeed(["set", "stores-development", "environmentVariables.SOPHIA_LOG_LEVEL", "nonsense"]);
  await succeed(["set", "SOPHIA_LOG_LEVEL", "info"]);
  expect(readdirSync(join(bench.dataDir, "secrets"))).toContain("environments");
});

test("a value that no server starts with keeps nobody from undoing what brought it, nor from mending it", async () => {
  await succeed(["init"]);
  const file = join(bench.folder, ".env");
  writeFileSync(file, "HF_TOKEN=hf_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n");
  await succeed(["import", file]);
  await succeed(["set", "sophia/base", "environmentVariables.SOPHIA_PORT_AI", "many", "--plaintext"]);
  const refused = await run(["rotate"]);
  expect(refused).toMatchObject({ code: 78, stderr: expect.stringContaining("SOPHIA_PORT_AI: ") });
  expect(refused.stderr).toContain("secrets set VARIABLE");
  const listed = await run(["migrate", "--list"]);
  expect(listed).toMatchObject({ code: 0, stderr: expect.stringContaining("Without the values of the store") });
  await succeed(["migrate", "--undo", "--dry-run"]);
});

test("init writes what an init that was cut off only made, and leaves the rest", async () => {
  await succeed(["init", "sophia/sophia-ai-development"]);
  await succeed(["init", "sophia/base"]);
  await succeed(["set", "sophia/base", "region", "eu", "--plaintext"]);
  const { created, kept } = JSON.parse(await succeed(["init", "--json"])) as { created: string[]; kept: string[] };
  expect(created).toContain("sophia/sophia-ai-development");
  expect(kept).toEqual(["sophia/base"]);
  expect(await succeed(["get", "sophia-ai-development", "--definition"])).toContain(
    "sophia/ai-intelligence-development",
  );
});

test("a credential on stdout is that alone; what it opens is told beside it", async () => {
  await succeed(["init", "team/app"]);
  const { code, stdout, stderr } = await run(["credential", "team/app", "--print"]);
  expect(code).toBe(0);
  expect(parseCredential(stdout).has({ project: "team", name: "app" })).toBe(true);
  expect(stderr).toBe("It opens team/app and nothing else.\n");
});
