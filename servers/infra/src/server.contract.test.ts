import { startTestServer } from "@sophia/core/testing/test-server";
import { systemClock } from "@sophia/core/limits/clock";
import { createDockerEngine } from "@sophia/vendors/docker/client";
import { startEngineFixture } from "@sophia/vendors/docker/testing/engine-fixture";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { InfraServices } from "./services.ts";
import { createRestartHistory, type RestartHistory } from "./domain/restart-history.ts";
import { infraServer } from "./server.ts";
import { callTool } from "./testing/call-tool.ts";
import { fakeServices } from "./testing/fake-services.ts";

const restartOf = (kind: "container" | "server", id: string) => ({
  change: { action: "restart", target: { kind, id } },
});
const fixture = await startEngineFixture();

describe.skipIf(fixture === undefined)("a real Docker Engine behind the whole server", () => {
  let test: Awaited<ReturnType<typeof startTestServer<InfraServices>>>;
  let bearer: string;
  const call = (name: string, input: unknown) => callTool(test.url, bearer, name, input);

  async function startedAt(id: string): Promise<string> {
    const { text } = await fixture!.call("GET", `/containers/${id}/json`);
    return (JSON.parse(text) as { State: { StartedAt: string } }).State.StartedAt;
  }

  beforeAll(async () => {
    const log = new Proxy({} as never, { get: () => () => {} });
    const docker = createDockerEngine({
      host: fixture?.host,
      http: { log },
      composeProject: undefined,
      readOnly: false,
    });
    const later: { history?: RestartHistory } = {};
    const base = fakeServices();
    const services: InfraServices = {
      ...base,
      docker,
      clock: systemClock,
      restarts: { recent: async (resource, sinceMs) => later.history?.recent(resource, sinceMs) ?? [] },
    };
    test = await startTestServer({ definition: infraServer, services });
    later.history = createRestartHistory(test.platform.store);
    bearer = await test.bearer();
  });

  afterAll(async () => {
    await test?.close();
    await fixture?.stop();
  });

  it("reports, finds and explains an unhealthy container", async () => {
    const { name } = await fixture!.create({
      name: "ill",
      script: "echo connect ECONNREFUSED 10.0.0.5:5432 >&2; sleep 60",
      health: { script: "echo database away; exit 1" },
    });
    await vi.waitFor(
      async () =>
        expect((await call("get_status", {})).structuredContent.docker.problems).toContain(
          `container ${name} is unhealthy`,
        ),
      { timeout: 15_000, interval: 500 },
    );
    const list = await call("list_resources", { kind: "containers", filter: name });
    expect(list.structuredContent.items).toMatchObject([{ name, state: "running (unhealthy)" }]);
    const { structuredContent: diagnosis } = await call("diagnose", { resource: list.structuredContent.items[0].id });
    expect(diagnosis.findings.map((finding: { cause: string }) => finding.cause)).toEqual([
      "dependency_unreachable",
      "health_check_failing",
    ]);
    expect(diagnosis.untrustedLines).toEqual(["connect ECONNREFUSED 10.0.0.5:5432"]);
    expect(diagnosis.findings[1].evidence[0]).toContain("It printed: database away");
  });

  it("diagnoses a container whose log cannot be read", async () => {
    const { name } = await fixture!.create({ name: "mute", script: "exit 127", logDriver: "none" });
    await vi.waitFor(async () => {
      const { structuredContent: diagnosis } = await call("diagnose", { resource: name });
      expect(diagnosis).toMatchObject({
        findings: [{ cause: "command_not_found" }],
        facts: { notReadable: expect.stringContaining("log: ") },
        untrustedLines: [],
      });
    }, 10_000);
  });

  it("explains a kill for memory", async () => {
    // A busy Engine may miss the kernel's notice and report a plain kill: then another container is killed.
    for (let attempt = 1; ; attempt++) {
      const { name } = await fixture!.create({
        name: `greedy-${attempt}`,
        script: "x=aaaaaaaaaaaaaaaa; while true; do x=$x$x; done",
        memoryBytes: 12 * 1_048_576,
      });
      const cause = await vi.waitFor(
        async () => {
          const [finding] = (await call("diagnose", { resource: name })).structuredContent.findings;
          expect(["killed", "out_of_memory"]).toContain(finding?.cause);
          return finding.cause as string;
        },
        { timeout: 20_000, interval: 1_000 },
      );
      if (cause === "killed" && attempt < 3) continue;
      expect(cause).toBe("out_of_memory");
      break;
    }
  });

  it("restarts a labelled container through plan and apply, once", async () => {
    const { id, name } = await fixture!.create({
      name: "heal",
      // Healthy only from its second start on: what a restart is for.
      script:
        "if [ -e /tmp/again ]; then touch /tmp/well; fi; touch /tmp/again; trap exit TERM; while true; do sleep 0.1; done",
      health: { script: "test -e /tmp/well" },
      labels: { "sophia.restart": "allow" },
    });
    await vi.waitFor(
      async () =>
        expect((await call("list_resources", { filter: name })).structuredContent.items[0].state).toContain(
          "unhealthy",
        ),
      {
        timeout: 15_000,
        interval: 500,
      },
    );
    const before = await startedAt(id);
    const { structuredContent: planned } = await call("plan_change", restartOf("container", name));
    expect(planned).toMatchObject({
      state: "proposed",
      plan: { risk: "low", changes: [{ before: "running (unhealthy)" }] },
    });
    expect(await startedAt(id)).toBe(before);
    const applied = await call("apply_change", { planId: planned.planId });
    expect(applied.structuredContent).toMatchObject({
      outcome: "applied",
      result: { resource: `container ${name}`, healthy: true },
    });
    expect(await startedAt(id)).not.toBe(before);
    expect(await call("apply_change", { planId: planned.planId })).toMatchObject({ isError: true });
    const { structuredContent: after } = await call("diagnose", { resource: name });
    expect(after.healthy).toBe(true);
    expect(after.history.map((entry: { what: string }) => entry.what)).toContain("restart through Sophia: applied");
  });

  it("refuses a plan when the container changed after it", async () => {
    const { id, name } = await fixture!.create({
      name: "moved",
      script: "sleep 60",
      labels: { "sophia.restart": "allow" },
    });
    const { structuredContent: planned } = await call("plan_change", restartOf("container", name));
    await fixture!.call("POST", `/containers/${id}/restart?t=0`);
    const since = await startedAt(id);
    const answer = await call("apply_change", { planId: planned.planId });
    expect(answer).toMatchObject({ isError: true, content: [{ text: expect.stringContaining("denied") }] });
    expect(await startedAt(id)).toBe(since);
  });

  it("needs a person for a container that holds data", async () => {
    const { id, name } = await fixture!.create({
      name: "store",
      script: "trap exit TERM; while true; do sleep 0.1; done",
      labels: { "sophia.restart": "allow" },
      volumes: ["/data"],
    });
    const { structuredContent: planned } = await call("plan_change", restartOf("container", name));
    expect(planned).toMatchObject({
      plan: { risk: "medium" },
      nextStep: expect.stringContaining("npm run sophia -- approve pl_"),
    });
    expect(await call("apply_change", { planId: planned.planId })).toMatchObject({ isError: true });
    const before = await startedAt(id);
    await test.approve(planned.planId);
    expect((await call("apply_change", { planId: planned.planId })).structuredContent).toMatchObject({
      result: { healthy: true },
    });
    expect(await startedAt(id)).not.toBe(before);
  });

  it("refuses a container without the label", async () => {
    const { name } = await fixture!.create({ name: "foreign", script: "sleep 60" });
    const answer = await call("plan_change", restartOf("container", name));
    expect(answer).toMatchObject({
      isError: true,
      content: [{ text: expect.stringContaining("sophia.restart=allow") }],
    });
  });
});
