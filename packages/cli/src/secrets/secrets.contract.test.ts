import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { expect, test, vi } from "vitest";
import { parse } from "yaml";
import { readAllFiles } from "../end-to-end/canaries.ts";
import { useCommandBench } from "./testing/command-bench.ts";
import { type CommandOptions, type CommandResult, runSecrets } from "./testing/run-secrets.ts";

const bench = useCommandBench();
const { succeed, writeScript } = bench;

type Options = Omit<CommandOptions, "dataDir">;

/** In a process of its own, where that is the point: stdin, signals, a program, several at once. */
async function runAlone(words: readonly string[], options: Options = {}): Promise<CommandResult> {
  return await runSecrets(words, { dataDir: bench.dataDir, ...options });
}

async function succeedAlone(words: readonly string[], options: Options = {}): Promise<string> {
  const result = await runAlone(words, options);
  expect(result, result.stderr).toMatchObject({ code: 0 });
  return result.stdout;
}

const canary = "canary-0123456789abcdef0123456789abcdef";
const imported = "CaNaRyImPoRtEd0123456789AbCdEfGhIj";
const second = "second-canary-fedcba9876543210fedcba98";

test("a day with secrets, and none of them in the clear where it does not belong", { timeout: 180_000 }, async () => {
  const made = await succeedAlone(["init"]);
  expect(made.trim().split("\n")).toContain("sophia/ai-intelligence-development");
  expect(await succeed(["init"])).toBe("");
  expect((await succeed(["ls"])).trim().split("\n")).toHaveLength(8);
  const page = JSON.parse(await succeed(["ls", "--limit", "3", "--json"])) as {
    environments: unknown[];
    nextCursor: string;
  };
  expect(page.environments).toHaveLength(3);
  expect((await succeed(["ls", "--cursor", page.nextCursor])).trim().split("\n")).toHaveLength(5);

  await succeedAlone(["set", "OPENROUTER_API_KEY"], { stdin: `${canary}\n` });
  await succeed(["set", "SOPHIA_LOG_LEVEL", "debug"]);
  const key = "ai_intelligence.openrouter.OPENROUTER_API_KEY";
  const shown = await succeed(["get", "ai-intelligence-development"]);
  expect(shown).toContain('"OPENROUTER_API_KEY": "[secret]"');
  expect(shown).toContain("ciphertext: ");
  expect(await succeed(["get", "ai-intelligence-development", key, "--value", "string", "--show-secrets"])).toBe(
    `${canary}\n`,
  );
  const formats = await Promise.all(
    ["json", "yaml", "dotenv", "shell"].map((format) => succeed(["open", "sophia-ai-development", "-f", format])),
  );
  const variables = { OPENROUTER_API_KEY: canary, SOPHIA_LOG_LEVEL: "debug" };
  expect(JSON.parse(formats[0] ?? "")).toMatchObject({ environmentVariables: variables });
  expect(parse(formats[1] ?? "")).toMatchObject({ environmentVariables: variables });
  expect(parseEnv(formats[2] ?? "")).toEqual(variables);
  expect(formats[3]).toContain(`export OPENROUTER_API_KEY='${canary}'`);

  const editor = writeScript("editor", `grep -q '${canary}' "$1" || exit 9; sed -i 's/${canary}/${second}/' "$1"`);
  await succeedAlone(["edit", "ai-intelligence-development", "-m", "Another key"], { environment: { EDITOR: editor } });
  const difference = await succeed(["diff", "ai-intelligence-development@3"]);
  expect(difference).toMatch(new RegExp(`^~ ${key}: \\[secret [0-9a-f]{16}\\] → \\[secret [0-9a-f]{16}\\]$`, "m"));
  const log = await succeed(["log", "ai-intelligence-development"]);
  expect(log).toMatch(/^revision 4 \(latest\)\n/);
  expect(log).toContain("Another key");
  await succeed(["rollback", "ai-intelligence-development@3"]);
  expect(await succeed(["get", "ai-intelligence-development", key, "--value", "string", "--show-secrets"])).toBe(
    `${canary}\n`,
  );
  expect(await succeed(["diff", "ai-intelligence-development@3", "@5"])).toBe("");

  const ran = await runAlone([
    "run",
    "sophia-ai-development",
    "--",
    "sh",
    "-c",
    'echo "$OPENROUTER_API_KEY at $SOPHIA_LOG_LEVEL"; exit 7',
  ]);
  expect(ran).toMatchObject({ code: 7, stdout: "[secret] at debug\n", stderr: "" });
  const file = join(bench.folder, ".env");
  writeFileSync(file, `# mine\nHF_TOKEN=hf_${imported}\nSOPHIA_SIMULATE=0\n`);
  const planned = await succeed(["import", file, "--dry-run"]);
  expect(planned).toContain("HF_TOKEN");
  await succeed(["import", file]);
  expect(JSON.parse(await succeed(["open", "sophia-ai-development", "environmentVariables"]))).toMatchObject({
    HF_TOKEN: `hf_${imported}`,
    SOPHIA_SIMULATE: "0",
  });
  await succeed(["migrate", "--undo"]);
  expect(await succeed(["open", "sophia-ai-development", "environmentVariables"])).not.toContain("HF_TOKEN");
  expect(await succeed(["migrate", "--list"])).toContain(file);

  const audit = readAllFiles(join(bench.dataDir, "audit"));
  expect([...audit.values()].join("\n")).toMatch(/"tool":"secrets.edit".*"outcome":"ok"/);
  for (const [file, text] of readAllFiles(bench.dataDir)) {
    for (const secret of [canary, second, imported]) expect(text.includes(secret), file).toBe(false);
  }
  for (const text of [shown, difference, log]) expect(text).not.toContain("canary-");
  expect(planned).not.toContain(imported);
});

test("values survive as they are: lines, quotes, dollars, numbers, lists", { timeout: 60_000 }, async () => {
  await succeed(["init", "team/app"]);
  const hostile = `-----BEGIN KEY-----\n"it's" $HOME \${x} \\ \`id\`\n-----END KEY-----\n`;
  await succeed(["set", "team/app", "files.KEY_FILE"], { input: hostile });
  await succeed(["set", "team/app", 'odd["a b"]', "[1, {c: 2.50}]"]);
  await succeed(["set", "team/app", "text", "007", "--string"]);
  expect(JSON.parse(await succeed(["open", "team/app"]))).toEqual({
    files: { KEY_FILE: hostile },
    odd: { "a b": [1, { c: 2.5 }] },
    text: "007",
  });
  const place = await succeedAlone(
    ["run", "team/app", "--", "sh", "-c", 'stat -c "%a %n" "$KEY_FILE"; cmp "$KEY_FILE" - && echo same'],
    { stdin: hostile },
  );
  expect(place).toMatch(/^600 \S+\nsame\n$/);
  expect(existsSync(place.split(/\s/)[1] ?? "")).toBe(false);
});

test("run refuses a secret among the arguments, and fills in what is none", async () => {
  await succeed(["init", "team/app"]);
  await succeed(["set", "team/app", "region", "eu-1"]);
  await succeed(["set", "team/app", "key"], { input: canary });
  expect(await succeedAlone(["run", "team/app", "--", "echo", "--region=${region}", "$${region} ${HOME}"])).toBe(
    "--region=eu-1 ${region} ${HOME}\n",
  );
  expect(await runAlone(["run", "team/app", "--", "echo", "${key}"])).toMatchObject({ code: 1, stdout: "" });
  expect(await runAlone(["run", "team/app", "--", "no-such-program-here"])).toMatchObject({ code: 1 });
});

test("two who set at once lose nothing", async () => {
  await succeed(["init", "team/app"]);
  await Promise.all(
    Array.from({ length: 4 }, (_each, index) => succeedAlone(["set", "team/app", `key${index}`, String(index)])),
  );
  expect(JSON.parse(await succeed(["open", "team/app"]))).toEqual({ key0: 0, key1: 1, key2: 2, key3: 3 });
});

test.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)(
  "%s reaches the program, and its files are gone afterwards",
  async (signal) => {
    await succeed(["init", "team/app"]);
    await succeed(["set", "team/app", "files.KEY_FILE"], { input: canary });
    const mark = join(bench.folder, "started");
    let pid = 0;
    const script = `trap 'echo caught; exit 42' TERM INT HUP; echo "$KEY_FILE" > ${mark}; while :; do sleep 0.05; done`;
    const running = runAlone(["run", "team/app", "--", "sh", "-c", script], {
      onStarted: (started) => (pid = started),
    });
    await vi.waitFor(() => expect(existsSync(mark) && readFileSync(mark, "utf8").endsWith("\n")).toBe(true), 10_000);
    const file = readFileSync(mark, "utf8").trim();
    expect(statSync(file).mode & 0o777).toBe(0o600);
    process.kill(pid, signal);
    expect(await running).toMatchObject({ code: 42, stdout: "caught\n" });
    expect(existsSync(file)).toBe(false);
  },
);

test("an .env file may come over stdin, as into a container", async () => {
  const stdin = `HF_TOKEN=hf_${imported}\nHF_TOKEN=hf_${imported}\n`;
  const result = await runAlone(["import", "-"], { stdin });
  expect(result, result.stderr).toMatchObject({ code: 0 });
  expect(result.stderr).not.toContain("--remove");
  expect(await succeed(["open", "sophia-ai-development", "environmentVariables.HF_TOKEN", "-f", "string"])).toContain(
    `hf_${imported}`,
  );
  expect(await runAlone(["import", "-", "--remove"], { stdin })).toMatchObject({ code: 1 });
});
