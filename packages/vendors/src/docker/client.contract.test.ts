import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { HttpOptions } from "@sophia/core/http/http";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createDockerEngine } from "./client.ts";
import type { DockerEngine } from "./client.ts";
import { startEngineFixture } from "./testing/engine-fixture.ts";

const quiet = { warn() {}, error() {}, info() {}, debug() {}, trace() {}, fatal() {} } as unknown as HttpOptions["log"];
const fixture = await startEngineFixture();

describe.skipIf(fixture === undefined)("a real Docker Engine", () => {
  let engine: DockerEngine;

  beforeAll(() => {
    engine = createDockerEngine({
      host: fixture?.host,
      http: { log: quiet },
      composeProject: undefined,
      readOnly: false,
    });
  });

  afterAll(async () => {
    await engine.close();
    await fixture?.stop();
  });

  it("negotiates a version and reports itself", async () => {
    expect(await engine.version()).toMatchObject({ apiVersion: expect.stringMatching(/^\d+\.\d+$/) });
    expect((await engine.info()).processors).toBeGreaterThan(0);
    expect((await engine.images()).flatMap((image) => image.tags)).toContainEqual(
      expect.stringMatching(/^sophia-fixture:/),
    );
    expect(await engine.volumes()).toBeInstanceOf(Array);
  });

  it("separates the streams of a container without a terminal", async () => {
    const { id } = await fixture!.create({
      name: "talk",
      script: "echo out; sleep 0.2; echo err >&2; sleep 0.2; printf 'żółć\\n'; exit 3",
    });
    await vi.waitFor(async () => expect((await engine.container(id)).state).toBe("exited"), 10_000);
    const container = await engine.container(id);
    expect(container).toMatchObject({ exitCode: 3, tty: false, outOfMemoryKilled: false, restartCount: 0 });
    const lines = await engine.logs(container, { lines: 10 });
    expect(lines.map(({ stream, text }) => `${stream} ${text}`).toSorted()).toEqual([
      "stderr err",
      "stdout out",
      "stdout żółć",
    ]);
    expect(Date.parse(lines[0]?.at ?? "")).toBeGreaterThan(Date.now() - 60_000);
    expect(await engine.logs(container, { lines: 1 })).toHaveLength(1);
  });

  it("reads the output of a terminal, which has no frames", async () => {
    const { id } = await fixture!.create({ name: "terminal", script: "echo one; echo two >&2", tty: true });
    await vi.waitFor(async () => expect((await engine.container(id)).state).toBe("exited"), 10_000);
    const lines = await engine.logs(await engine.container(id), { lines: 10 });
    expect(lines.map(({ stream, text }) => `${stream} ${text}`)).toEqual(["stdout one", "stdout two"]);
  });

  it("shows an unhealthy container in the list, in detail and in its events", async () => {
    const sinceMs = Date.now() - 2_000;
    const { id, name } = await fixture!.create({
      name: "sick",
      script: "sleep 60",
      health: { script: "echo no answer; exit 1" },
    });
    await vi.waitFor(async () => expect((await engine.container(id)).health?.status).toBe("unhealthy"), 15_000);
    expect((await engine.containers()).find((container) => container.id === id)).toMatchObject({
      name,
      state: "running",
      health: "unhealthy",
    });
    const { health } = await engine.container(name);
    expect(health?.log.at(-1)).toMatchObject({ exitCode: 1, output: "no answer\n" });
    const events = await engine.events({ containerId: id, sinceMs, untilMs: Date.now() + 1_000 });
    expect(events.map((event) => event.action)).toEqual(
      expect.arrayContaining(["create", "start", "health_status: unhealthy"]),
    );
    expect(events.every((event) => event.containerId === id)).toBe(true);
    const stats = await engine.stats(id);
    expect(stats.memoryBytes).toBeGreaterThan(0);
    expect(stats.cpuPercent).toBeGreaterThanOrEqual(0);
  });

  it("restarts a container with the label and refuses one without", async () => {
    const open = await fixture!.create({ name: "open", script: "sleep 60", labels: { "sophia.restart": "allow" } });
    const closed = await fixture!.create({ name: "closed", script: "sleep 60" });
    const before = await engine.container(open.id);
    await engine.restart(open.id, { graceSeconds: 0 });
    const after = await engine.container(open.id);
    expect(after.state).toBe("running");
    expect(after.startedAt).not.toBe(before.startedAt);
    const untouched = await engine.container(closed.id);
    await expect(engine.restart(closed.id, { graceSeconds: 0 })).rejects.toMatchObject({ kind: "denied" });
    expect((await engine.container(closed.id)).startedAt).toBe(untouched.startedAt);
  });

  it("answers not_found for what is not there", async () => {
    await expect(engine.container("no-such-container")).rejects.toMatchObject({ kind: "not_found" });
  });
});

describe("a socket that may not be opened", () => {
  it("names the docker group as the fix", async () => {
    const folder = mkdtempSync(join(tmpdir(), "sophia-denied-"));
    const path = join(folder, "docker.sock");
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(path, resolve));
    chmodSync(folder, 0o755);
    chmodSync(path, 0o000);
    const host = `unix://${path}`;
    const engine = createDockerEngine({ host, http: { log: quiet }, composeProject: undefined, readOnly: false });
    try {
      await expect(asNobody(() => engine.version())).rejects.toMatchObject({
        kind: "denied",
        hint: expect.stringContaining("docker group"),
      });
    } finally {
      await engine.close();
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

/** Root may open every socket, so the work is done as somebody else. */
async function asNobody<Result>(work: () => Promise<Result>): Promise<Result> {
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(65_534);
  try {
    return await work();
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
}
