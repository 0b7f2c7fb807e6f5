import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import type { ServerSpec } from "./server-process.ts";
import { ask, describeFixture, isAlive, measureUntil } from "./testing/supervise-fixtures.ts";

const script = fileURLToPath(new URL("./testing/fixture-supervisor.ts", import.meta.url));
const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
});

interface Run {
  child: ChildProcess;
  children: number[];
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

async function startSupervisor(specs: readonly ServerSpec[], wrapper: readonly string[] = []): Promise<Run> {
  const [command, ...rest] = [...wrapper, process.execPath, script, JSON.stringify(specs)];
  const child = spawn(command, rest, { stdio: ["ignore", "pipe", "inherit"] });
  started.push(child);
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) =>
    child.once("exit", (code, signal) => resolve({ code, signal })),
  );
  const line = await new Promise<string>((resolve) => child.stdout?.once("data", (chunk) => resolve(String(chunk))));
  return { child, ended, children: (JSON.parse(line) as { children: number[] }).children };
}

test("fault 12: the supervisor is killed: no child outlives it by 2 s, and a new start works", async () => {
  const specs = await Promise.all(["a", "b"].map((id) => describeFixture(id)));
  const first = await startSupervisor(specs);
  first.child.kill("SIGKILL");
  const tookMs = await measureUntil(() => !first.children.some(isAlive), 2_000);
  expect(tookMs).toBeLessThan(2_000);
  const second = await startSupervisor(specs);
  for (const spec of specs) expect(await ask(spec.port)).toBeDefined();
  second.child.kill("SIGTERM");
  expect(await second.ended).toEqual({ code: 0, signal: null });
});

test.for(["SIGTERM", "SIGINT"] as const)(
  "fault 7: a second %s while calls drain ends at once, non-zero",
  async (signal) => {
    const spec = await describeFixture("stuck");
    const run = await startSupervisor([spec]);
    const call = ask(spec.port, "/stuck");
    await delay(100);
    run.child.kill(signal);
    // Within one gesture the same signal may come twice: from the terminal, and passed on by npm.
    run.child.kill(signal);
    await delay(500);
    expect(run.child.exitCode).toBeNull();
    const startedAt = performance.now();
    run.child.kill(signal);
    expect((await run.ended).code).toBe(signal === "SIGTERM" ? 143 : 130);
    expect(performance.now() - startedAt).toBeLessThan(500);
    await measureUntil(() => !run.children.some(isAlive), 500);
    expect(await call).toBeUndefined();
  },
);

test("fault 6: SIGTERM to the supervisor lets a running call finish and exits with 0", async () => {
  const spec = await describeFixture("drain");
  const run = await startSupervisor([spec]);
  const call = fetch(`http://127.0.0.1:${spec.port}/slow`).then((response) => response.text());
  await delay(100);
  run.child.kill("SIGTERM");
  expect(await call).toBe("done");
  expect(await run.ended).toEqual({ code: 0, signal: null });
});

test("fault 4: the supervisor itself paused for 3 s does not take its healthy children for hung", async () => {
  const spec = await describeFixture("healthy");
  const run = await startSupervisor([spec]);
  run.child.kill("SIGSTOP");
  await delay(3_000);
  run.child.kill("SIGCONT");
  await delay(1_000);
  expect(await ask(spec.port)).toBe(String(run.children[0]));
  run.child.kill("SIGTERM");
  await run.ended;
});

function canBePidOne(): boolean {
  try {
    execFileSync("unshare", ["--pid", "--fork", "--mount-proc", "true"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

test.runIf(canBePidOne())("as PID 1 it collects orphans, drains on SIGTERM and gives the exit code", async () => {
  const spec = await describeFixture("one");
  const run = await startSupervisor([spec], ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]);
  const [pidOne] = childrenOf(run.child.pid ?? 0);
  expect(readFileSync(`/proc/${pidOne}/comm`, "utf8").trim()).toBe("sh");
  await ask(spec.port, "/grandchild");
  // The server and its child end; the child is an orphan by then and PID 1 alone can collect it.
  await ask(spec.port, "/throw");
  await measureUntil(async () => (await ask(spec.port)) !== undefined, 3_000);
  await measureUntil(() => zombiesBelow(pidOne ?? 0) === 0, 2_000);
  process.kill(pidOne ?? 0, "SIGTERM");
  expect((await run.ended).code).toBe(0);
});

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number);
}

function zombiesBelow(pid: number): number {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        const fields = readFileSync(`/proc/${name}/stat`, "utf8").split(") ")[1]?.split(" ");
        return fields?.[0] === "Z" && Number(fields[1]) === pid;
      } catch {
        return false;
      }
    }).length;
}
