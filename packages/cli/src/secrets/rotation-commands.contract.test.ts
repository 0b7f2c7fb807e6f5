import { startFakeUpstream } from "@sophia/core/testing/fake-upstream";
import { expect, test } from "vitest";
import { readAllFiles } from "../end-to-end/canaries.ts";
import { useCommandBench } from "./testing/command-bench.ts";

const bench = useCommandBench();
const { run, succeed } = bench;

const old = "fakeOldKeyOfPortkey01234567=";
const next = "fakeNewKeyOfPortkey01234567=";
const key = [
  "get",
  "ai-intelligence-development",
  "ai_intelligence.portkey.PORTKEY_API_KEY",
  "--value",
  "string",
  "--show-secrets",
];

test(
  "a key that only a person can make: plan, task, hand-over, served, with a backup",
  { timeout: 60_000 },
  async () => {
    const gateway = await startFakeUpstream();
    gateway.on("GET /v1/models", { status: 401 }, { body: { object: "list", data: [] } });
    await succeed(["init"]);
    await succeed(["set", "PORTKEY_API_KEY"], { input: old });
    await succeed(["set", "PORTKEY_BASE_URL", `${gateway.url}/v1`]);
    const plan = await succeed(["rotate", "PORTKEY_API_KEY", "--plan"]);
    expect(plan).toContain("assisted");
    expect(plan).toContain("https://app.portkey.ai/api-keys");
    expect(await succeed(["rotate"])).toContain("No rotations yet.");
    const { task } = JSON.parse(await succeed(["rotate", "PORTKEY_API_KEY", "--json"])) as { task: { id: string } };
    expect(await succeed(["tasks"])).toContain(`secrets complete ${task.id}`);
    const again = await run(["rotate", "PORTKEY_API_KEY"]);
    expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining("under way") });
    const wrong = await run(["complete", task.id], { input: "not a key of theirs" });
    expect(wrong.code).toBe(1);
    const refused = await run(["complete", task.id], { input: `${next}\n` });
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("Portkey does not accept this key.") });
    expect(await succeed(["tasks"])).toContain(`secrets complete ${task.id}`);
    expect(await succeed(key)).toBe(`${old}\n`);
    const handed = JSON.parse(await succeed(["complete", task.id, "--json"], { input: `${next}\n` })) as {
      checkedBy: string;
      rotation: { served: string; backupId: string };
    };
    expect(handed).toMatchObject({ checkedBy: "probe", rotation: { served: "new" } });
    expect(await succeed(key)).toBe(`${next}\n`);
    expect(await succeed(["restore"])).toContain(handed.rotation.backupId);
    for (const { headers } of gateway.requests) expect(headers["x-portkey-api-key"]).toBe(next);
    await gateway.stop();
    for (const [file, text] of readAllFiles(bench.dataDir)) {
      for (const secret of [old, next]) expect(text.includes(secret), file).toBe(false);
    }
  },
);

test("a rotation that waits for a person is cancelled, and one that is over cannot be resumed", async () => {
  await succeed(["init"]);
  await succeed(["set", "PORTKEY_API_KEY"], { input: old });
  const { id } = JSON.parse(await succeed(["rotate", "PORTKEY_API_KEY", "--json"])) as { id: string };
  expect(await succeed(["rotate", "--cancel", id])).toContain("cancelled; the old value is served");
  const resumed = await run(["rotate", "--resume", id]);
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
  const refused = await run(words);
  expect(refused).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining(says) });
});
