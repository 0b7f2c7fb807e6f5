import { AppError } from "@sophia/core/errors/app-error";
import type { Progress } from "@sophia/core/jobs/progress";
import { createVirtualClock, type VirtualClock } from "@sophia/core/testing/virtual-clock";
import { describe, expect, it } from "vitest";
import type { ServerHealth } from "../domain/server-directory.ts";
import { fakeContext, fakeDetails, fakeHealth, fakeServices, fakeSummary } from "../testing/fake-services.ts";
import { planChange } from "./plan-change.ts";

const allow = { "sophia.restart": "allow" };
const web = fakeSummary("web", { labels: allow });
const restart = (kind: "container" | "server", id: string) => ({
  change: { action: "restart" as const, target: { kind, id } },
});

/** A container that walks through the given states, one per look, after its restart. */
function restartable(states: Partial<ReturnType<typeof fakeDetails>>[]) {
  const clock: VirtualClock = createVirtualClock();
  const restarts: string[] = [];
  let looks = 0;
  const services = fakeServices({
    clock,
    docker: {
      containers: async () => [web],
      container: async () =>
        fakeDetails(
          web,
          restarts.length === 0
            ? {}
            : { startedAt: "2026-11-22T12:00:00Z", ...states[Math.min(looks++, states.length - 1)] },
        ),
      restart: async (id) => void restarts.push(id),
    },
  });
  return { services, restarts, clock };
}

async function apply(
  services: ReturnType<typeof fakeServices>,
  clock: VirtualClock,
  input = restart("container", "web"),
) {
  const updates: Progress[] = [];
  const context = fakeContext(services, updates);
  const plan = await planChange.plan(input, context);
  const outcome = planChange.apply(input, plan, context);
  await clock.advance(60_000);
  return { output: await outcome, updates };
}

describe("plan_change", () => {
  it("plans a restart and touches nothing", async () => {
    const { services, restarts } = restartable([]);
    expect(await planChange.plan(restart("container", "web"), fakeContext(services))).toMatchInlineSnapshot(`
      {
        "blastRadius": "web is away for up to 10 s of stopping plus its start; open connections to it break.",
        "changes": [
          {
            "action": "restart",
            "after": "running",
            "before": "running",
            "resource": "container web",
          },
        ],
        "costPerHourUsd": 0,
        "risk": "low",
        "stateVersion": "69613a2b614ea00a1fa4ff885544ef4c",
        "summary": "Restart the container web (776562000000).",
      }
    `);
    expect(restarts).toEqual([]);
  });

  it("plans the same twice, and differently after the container changed", async () => {
    const { services } = restartable([]);
    const context = fakeContext(services);
    const first = await planChange.plan(restart("container", "web"), context);
    expect(await planChange.plan(restart("container", web.id.slice(0, 12)), context)).toEqual(first);
    const changed = fakeServices({
      docker: {
        containers: async () => [web],
        container: async () => fakeDetails(web, { startedAt: "2026-11-22T11:00:00Z" }),
      },
    });
    expect((await planChange.plan(restart("container", "web"), fakeContext(changed))).stateVersion).not.toBe(
      first.stateVersion,
    );
  });

  it.each([
    ["one without the label", fakeSummary("db"), "db", "denied"],
    ["one that is not there", web, "wob", "not_found"],
    ["one named by half", web, "we", "not_found"],
  ])("refuses %s", async (_name, summary, id, kind) => {
    const services = fakeServices({
      docker: { containers: async () => [summary], container: async () => fakeDetails(summary) },
    });
    await expect(planChange.plan(restart("container", id), fakeContext(services))).rejects.toMatchObject({ kind });
  });

  it("refuses the container it runs in", async () => {
    const services = fakeServices({
      docker: { containers: async () => [web], container: async () => fakeDetails(web) },
      ownHostname: web.id.slice(0, 12),
    });
    await expect(planChange.plan(restart("container", "web"), fakeContext(services))).rejects.toMatchObject({
      kind: "denied",
    });
  });

  it("asks back instead of choosing between two", async () => {
    const labels = { ...allow, "com.docker.compose.service": "web" };
    const two = [fakeSummary("shop-web-1", { labels }), fakeSummary("shop-web-2", { labels })];
    const services = fakeServices({ docker: { containers: async () => two } });
    await expect(planChange.plan(restart("container", "web"), fakeContext(services))).rejects.toMatchObject({
      kind: "invalid_input",
      message: expect.stringMatching(/shop-web-1.*shop-web-2/),
    });
  });

  it("waits until the health check passes, with progress", async () => {
    const starting = { health: { status: "starting" as const, failingStreak: 0, log: [] } };
    const healthy = { health: { status: "healthy" as const, failingStreak: 0, log: [] } };
    const { services, restarts, clock } = restartable([starting, starting, healthy]);
    const { output, updates } = await apply(services, clock);
    expect(output).toMatchObject({ resource: "container web", healthy: true, waitedMs: 1_000 });
    expect(restarts).toEqual([web.id]);
    expect(updates.map((update) => update.message)).toEqual(["It runs and is starting.", "It runs and is starting."]);
  });

  it("waits a moment where there is no health check, and sees that it ended again", async () => {
    const steady = restartable([{}]);
    expect((await apply(steady.services, steady.clock)).output).toMatchObject({ healthy: true, waitedMs: 3_000 });
    const failing = restartable([{}, {}, { state: "exited", exitCode: 3 }]);
    expect((await apply(failing.services, failing.clock)).output).toMatchObject({
      healthy: false,
      detail: "It ended again with exit code 3.",
    });
  });

  it("does not call a restart failed because a look at it failed", async () => {
    const { services, clock } = restartable([{}]);
    let failures = 0;
    const { container } = services.docker;
    const restarted = {
      ...services,
      docker: { ...services.docker, container, allowsRestart: services.docker.allowsRestart },
    };
    restarted.docker.containers = services.docker.containers;
    restarted.docker.restart = async (...call) => {
      await services.docker.restart(...call);
      failures = 3;
    };
    restarted.docker.container = async (...call) => {
      if (failures-- > 0) throw new AppError("timeout", "docker did not answer in time.");
      return container(...call);
    };
    expect((await apply(restarted, clock)).output).toMatchObject({ healthy: true });
  });

  it("answers before the client gives up when it never gets well", async () => {
    const { services, clock } = restartable([{ health: { status: "starting", failingStreak: 0, log: [] } }]);
    const { output } = await apply(services, clock);
    expect(output.healthy).toBe(false);
    expect(output.waitedMs).toBeLessThanOrEqual(35_000);
  });

  it("restarts a server through the supervisor and waits for the new process", async () => {
    const clock = createVirtualClock();
    const asked: string[] = [];
    const after: Partial<ServerHealth>[] = [
      {},
      { state: "unreachable", startedAt: undefined },
      { startedAt: "2026-11-22T12:00:01.000Z" },
    ];
    let looks = 0;
    const services = fakeServices({
      clock,
      servers: { health: async (id) => fakeHealth(id, asked.length === 0 ? {} : after[Math.min(looks++, 2)]) },
      supervisor: { restart: async (server, planId) => void asked.push(`${server} ${planId}`) },
    });
    const plan = await planChange.plan(restart("server", "bi"), fakeContext(services));
    expect(plan).toMatchObject({ risk: "medium", changes: [{ resource: "server bi" }] });
    const { output } = await apply(services, clock, restart("server", "bi"));
    expect(asked).toEqual(["bi request-1"]);
    expect(output).toMatchObject({ resource: "server bi", healthy: true, waitedMs: 1_000 });
  });

  it("says that it cannot where no supervisor runs", async () => {
    await expect(planChange.plan(restart("server", "bi"), fakeContext(fakeServices()))).rejects.toMatchObject({
      kind: "not_configured",
      hint: expect.stringContaining("npm start"),
    });
  });
});
