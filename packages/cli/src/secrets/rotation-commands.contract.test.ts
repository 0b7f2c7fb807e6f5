import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readAllFiles } from "../end-to-end/canaries.ts";
import { type InProcessOptions, runInProcess } from "./testing/run-in-process.ts";

let folder = "";
let dataDir = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sophia-rotate-cli-"));
  dataDir = join(folder, "data");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function succeed(words: readonly string[], options: Omit<InProcessOptions, "dataDir"> = {}): Promise<string> {
  const result = await runInProcess(words, { dataDir, ...options });
  expect(result, result.stderr).toMatchObject({ code: 0 });
  return result.stdout;
}

const old = `sk-or-v1-${"0a".repeat(32)}`;
const next = `sk-or-v1-${"1b".repeat(32)}`;
const key = [
  "get",
  "ai-intelligence-development",
  "ai_intelligence.openrouter.OPENROUTER_API_KEY",
  "--value",
  "string",
  "--show-secrets",
];

test(
  "a key that only a person can make: plan, task, hand-over, served, with a backup",
  { timeout: 60_000 },
  async () => {
    await succeed(["init"]);
    await succeed(["set", "OPENROUTER_API_KEY"], { input: old });
    const plan = await succeed(["rotate", "OPENROUTER_API_KEY", "--plan"]);
    expect(plan).toContain("assisted");
    expect(plan).toContain("https://openrouter.ai/settings/keys");
    expect(await succeed(["rotate"])).toContain("No rotations yet.");
    const { task } = JSON.parse(await succeed(["rotate", "OPENROUTER_API_KEY", "--json"])) as { task: { id: string } };
    expect(await succeed(["tasks"])).toContain(`secrets complete ${task.id}`);
    const again = await runInProcess(["rotate", "OPENROUTER_API_KEY"], { dataDir });
    expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining("under way") });
    const wrong = await runInProcess(["complete", task.id], { dataDir, input: "not a key of theirs" });
    expect(wrong.code).toBe(1);
    expect(await succeed(key)).toBe(`${old}\n`);
    const handed = JSON.parse(await succeed(["complete", task.id, "--json"], { input: `${next}\n` })) as {
      rotation: { served: string; backupId: string };
    };
    expect(handed.rotation.served).toBe("new");
    expect(await succeed(key)).toBe(`${next}\n`);
    expect(await succeed(["restore"])).toContain(handed.rotation.backupId);
    for (const [file, text] of readAllFiles(dataDir)) {
      for (const secret of [old, next]) expect(text.includes(secret), file).toBe(false);
    }
  },
);

test("a rotation that waits for a person is cancelled, and one that is over cannot be resumed", async () => {
  await succeed(["init"]);
  await succeed(["set", "OPENROUTER_API_KEY"], { input: old });
  const { id } = JSON.parse(await succeed(["rotate", "OPENROUTER_API_KEY", "--json"])) as { id: string };
  expect(await succeed(["rotate", "--cancel", id])).toContain("cancelled; the old value is served");
  const resumed = await runInProcess(["rotate", "--resume", id], { dataDir });
  expect(resumed).toMatchObject({ code: 1, stderr: expect.stringContaining("is over") });
});

test.each([
  [["rotate", "NO_SUCH_VARIABLE"], "Which secret of it?"],
  [["rotate", "team/app", "a.b"], "--service"],
  [["rotate", "OPENROUTER_API_KEY"], "OPENROUTER_API_KEY"],
  [["complete", "nonsense"], "secrets tasks"],
  [["restore", "nonsense"], "secrets restore"],
])("%j is refused with the next step", async (words, says) => {
  await succeed(["init"]);
  const refused = await runInProcess(words, { dataDir });
  expect(refused).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining(says) });
});
