import { createServer } from "node:http";
import { expect, test } from "vitest";
import { ask, describeFixture, isAlive, measureUntil, superviseFixtures } from "./testing/supervise-fixtures.ts";

test("a crowd of healthy servers is ready, answers, and is left alone", async () => {
  const specs = await Promise.all(["a", "b"].map((id) => describeFixture(id)));
  await using run = await superviseFixtures(specs);
  await new Promise((resolve) => setTimeout(resolve, 2_600));
  for (const spec of specs) expect(await ask(spec.port)).toBe(String(run.status(spec.id).pid));
  expect(run.supervisor.status().map(({ state, restarts }) => ({ state, restarts }))).toEqual([
    { state: "ready", restarts: 0 },
    { state: "ready", restarts: 0 },
  ]);
});

const endings = [
  { fault: "fault 1: SIGKILL of an idle server", withinMs: 2_000, break: killWith("SIGKILL"), reason: "SIGKILL" },
  { fault: "fault 1: SIGSEGV of an idle server", withinMs: 2_000, break: killWith("SIGSEGV"), reason: "SIGSEGV" },
  { fault: "fault 4: SIGSTOP", withinMs: 5_000, break: killWith("SIGSTOP"), reason: "gave no heartbeat" },
  { fault: "fault 5: a blocked event loop", withinMs: 5_000, break: request("/spin"), reason: "gave no heartbeat" },
  { fault: "fault 8: an exception outside a call", withinMs: 2_000, break: request("/throw"), reason: "exited with" },
] as const;

test.for(endings)("$fault heals, and the other server is undisturbed", async ({ withinMs, break: fail, reason }) => {
  const [broken, other] = await Promise.all([describeFixture("broken"), describeFixture("other")]);
  await using run = await superviseFixtures([broken, other]);
  const [before, otherPid] = [run.status("broken").pid, run.status("other").pid];
  let failedCalls = 0;
  const probe = setInterval(() => void ask(other.port).then((answer) => (failedCalls += answer ? 0 : 1)), 50);
  fail(before ?? 0, broken.port);
  const tookMs = await measureUntil(
    async () => run.status("broken").restarts === 1 && (await ask(broken.port)) !== undefined,
    withinMs,
  );
  clearInterval(probe);
  expect(tookMs).toBeLessThan(withinMs);
  expect(isAlive(before ?? 0)).toBe(false);
  expect(run.status("broken").reason).toContain(reason);
  expect(run.status("other")).toMatchObject({ state: "ready", pid: otherPid, restarts: 0 });
  expect(failedCalls).toBe(0);
});

test("fault 9: a server out of memory is back within 2 s of its end", async () => {
  const spec = await describeFixture("hoard");
  await using run = await superviseFixtures([
    { ...spec, environment: { ...spec.environment, NODE_OPTIONS: "--max-old-space-size=32" } },
  ]);
  void ask(spec.port, "/hoard");
  await measureUntil(() => run.status("hoard").state === "restarting" || run.status("hoard").restarts === 1, 20_000);
  const tookMs = await measureUntil(
    () => run.status("hoard").state === "ready" && run.status("hoard").restarts === 1,
    2_000,
  );
  expect(tookMs).toBeLessThan(2_000);
});

test("fault 2 and 15: two of four servers killed with calls in flight, the others go on, both come back", async () => {
  const specs = await Promise.all(["a", "b", "c", "d"].map((id) => describeFixture(id)));
  await using run = await superviseFixtures(specs);
  const [first, second, third, fourth] = specs.map((spec) => spec.port);
  const inFlight = Array.from({ length: 50 }, () => ask(first ?? 0, "/slow"));
  await new Promise((resolve) => setTimeout(resolve, 100));
  for (const id of ["a", "b"]) process.kill(run.status(id).pid ?? 0, "SIGKILL");
  await measureUntil(() => run.supervisor.status().filter(({ state }) => state === "ready").length === 2, 500);
  expect(await ask(third ?? 0)).toBeDefined();
  expect(await ask(fourth ?? 0)).toBeDefined();
  expect(await Promise.all(inFlight)).toEqual(Array.from({ length: 50 }, () => undefined));
  await measureUntil(
    async () => (await ask(first ?? 0)) !== undefined && (await ask(second ?? 0)) !== undefined,
    2_000,
  );
  expect(run.supervisor.status().map(({ restarts }) => restarts)).toEqual([1, 1, 0, 0]);
});

test("fault 6: SIGTERM with a call in flight: the call finishes, new ones get 503, the exit is clean", async () => {
  const spec = await describeFixture("drain");
  await using run = await superviseFixtures([spec]);
  const inFlight = fetch(`http://127.0.0.1:${spec.port}/slow`).then((response) => response.text());
  await new Promise((resolve) => setTimeout(resolve, 100));
  const stopping = run.supervisor.stop();
  await measureUntil(async () => (await fetch(`http://127.0.0.1:${spec.port}/`)).status === 503, 500);
  expect(await inFlight).toBe("done");
  expect(await stopping).toBe(true);
  expect(run.status("drain")).toMatchObject({ state: "stopped", restarts: 0 });
});

test("fault 6: a server that does not drain is killed after the grace, and that is told", async () => {
  const spec = await describeFixture("stuck");
  await using run = await superviseFixtures([spec], { graceMs: 300 });
  const call = ask(spec.port, "/stuck");
  await new Promise((resolve) => setTimeout(resolve, 100));
  const pid = run.status("stuck").pid ?? 0;
  expect(await run.supervisor.stop()).toBe(false);
  expect(isAlive(pid)).toBe(false);
  expect(await call).toBeUndefined();
});

test("fault 10: a crash loop backs off, gives up once, and shows the scrubbed end of stderr", async () => {
  const [spec, fine] = await Promise.all([
    describeFixture("loop", { SOPHIA_FIXTURE_MODE: "crash", SOPHIA_FIXTURE_SECRET: "canary-9f31" }),
    describeFixture("fine"),
  ]);
  await using run = await superviseFixtures([spec, fine], { maxCrashes: 4, firstDelayMs: 40 });
  expect(run.status("loop")).toMatchObject({ state: "crash loop", restarts: 3, pid: undefined });
  expect(run.status("loop").lastLines.join("\n")).toContain("broken build, key=***");
  expect(JSON.stringify(run.history)).not.toContain("canary-9f31");
  expect(run.givenUp.map(({ id }) => id)).toEqual(["loop"]);
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(run.status("loop").restarts).toBe(3);
  expect(run.status("fine")).toMatchObject({ state: "ready", restarts: 0 });
});

test("fault 10: wrong configuration is not tried again", async () => {
  const spec = await describeFixture("wrong", { SOPHIA_FIXTURE_MODE: "misconfigured" });
  await using run = await superviseFixtures([spec]);
  expect(run.status("wrong")).toMatchObject({ state: "misconfigured", restarts: 0 });
  expect(run.status("wrong").lastLines).toEqual(["SOPHIA_FIXTURE_KEY is not a key"]);
});

test("fault 11: a port already taken stops that server alone and names the owner", async () => {
  const [taken, other] = await Promise.all([describeFixture("taken"), describeFixture("other")]);
  const intruder = createServer();
  await listenOn(intruder, taken.port);
  await using run = await superviseFixtures([taken, other]);
  intruder.close();
  expect(run.status("taken")).toMatchObject({ state: "port taken", pid: undefined, restarts: 0 });
  expect(run.status("taken").reason).toContain(`port ${taken.port} is taken by process ${process.pid}`);
  expect(run.status("other")).toMatchObject({ state: "ready", restarts: 0 });
});

test("fault 11: a port taken while the server is down does the same", async () => {
  const spec = await describeFixture("taken");
  await using run = await superviseFixtures([spec], { firstDelayMs: 2_000 });
  process.kill(run.status("taken").pid ?? 0, "SIGKILL");
  await measureUntil(() => run.status("taken").state === "ready" && run.status("taken").restarts === 1, 2_000);
  process.kill(run.status("taken").pid ?? 0, "SIGKILL");
  await measureUntil(() => run.status("taken").state === "restarting", 1_000);
  const intruder = createServer();
  await listenOn(intruder, spec.port);
  await measureUntil(() => run.status("taken").state === "port taken", 3_000);
  intruder.close();
});

test("fault 104: a child sees the environment it was given and no more, and its inspector cannot be opened", async () => {
  process.env["SOPHIA_LEAK_PROBE"] = "canary-9f31";
  const spec = await describeFixture("environment", { SOPHIA_GIVEN: "1" });
  await using run = await superviseFixtures([spec]);
  delete process.env["SOPHIA_LEAK_PROBE"];
  const seen = JSON.parse((await ask(spec.port, "/environment")) ?? "{}") as Record<string, string>;
  expect(
    Object.keys(seen)
      .filter((name) => !name.startsWith("NODE_CHANNEL"))
      .sort(),
  ).toEqual(["PATH", "SOPHIA_GIVEN", "SOPHIA_PORT_FIXTURE"]);
  const pid = run.status("environment").pid ?? 0;
  process.kill(pid, "SIGUSR1");
  await new Promise((resolve) => setTimeout(resolve, 300));
  await expect(fetch("http://127.0.0.1:9229/json", { signal: AbortSignal.timeout(1_000) })).rejects.toThrow(
    "fetch failed",
  );
});

test("the Copilot may have a server restarted: its calls finish, it is no crash; nobody else may", async () => {
  const specs = await Promise.all(["infra", "other", "ai"].map((id) => describeFixture(id)));
  await using run = await superviseFixtures(specs, { maxCrashes: 1 });
  const [infra, other, ai] = specs.map(({ port }) => port);
  const before = run.status("other").pid;
  await ask(ai ?? 0, "/restart-other");
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(run.status("other")).toMatchObject({ state: "ready", pid: before });
  const inFlight = fetch(`http://127.0.0.1:${other}/slow`).then((response) => response.text());
  await new Promise((resolve) => setTimeout(resolve, 100));
  await ask(infra ?? 0, "/restart-other");
  expect(await inFlight).toBe("done");
  await measureUntil(async () => run.status("other").restarts === 1 && (await ask(other ?? 0)) !== undefined, 2_000);
  expect(run.status("other")).toMatchObject({ state: "ready", reason: "was restarted by plan pl_1" });
});

test("a server's own children end with it", async () => {
  const spec = await describeFixture("parent");
  await using run = await superviseFixtures([spec]);
  const grandchild = Number(await ask(spec.port, "/grandchild"));
  expect(isAlive(grandchild)).toBe(true);
  process.kill(run.status("parent").pid ?? 0, "SIGKILL");
  await measureUntil(() => !isAlive(grandchild), 1_000);
});

function killWith(signal: NodeJS.Signals) {
  return (pid: number): void => void process.kill(pid, signal);
}

function request(path: string) {
  return (_pid: number, port: number): void => void ask(port, path);
}

async function listenOn(server: ReturnType<typeof createServer>, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(port, "127.0.0.1", () => resolve());
  });
}
