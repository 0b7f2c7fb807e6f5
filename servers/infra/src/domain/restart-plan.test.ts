import { describe, expect, it } from "vitest";
import { fakeHealth, fakeSummary } from "../testing/fake-services.ts";
import {
  findDependents,
  findServedEndpoint,
  planContainerRestart,
  planServerRestart,
  type RestartSubject,
} from "./restart-plan.ts";

const subject: RestartSubject = {
  id: "a".repeat(64),
  name: "web",
  state: "running",
  health: "unhealthy",
  startedAt: "2026-11-22T10:00:00Z",
  allowed: true,
  isOurs: false,
  writableMounts: [],
  dependents: [],
  servesUs: undefined,
};

describe("planContainerRestart", () => {
  it.each<[string, Partial<RestartSubject>, string]>([
    ["stateless", {}, "low"],
    ["with data of its own", { writableMounts: ["/data"] }, "medium"],
    ["needed by another", { dependents: ["api"] }, "high"],
    ["under our own store", { servesUs: "PostgreSQL store" }, "high"],
  ])("%s is %s", (_name, changes, risk) => {
    const plan = planContainerRestart({ ...subject, ...changes });
    expect(plan).toMatchObject({
      risk,
      costPerHourUsd: 0,
      changes: [{ action: "restart", resource: "container web", before: "running (unhealthy)" }],
    });
    for (const word of [...(changes.writableMounts ?? []), ...(changes.dependents ?? []), changes.servesUs ?? ""]) {
      expect(plan.blastRadius).toContain(word);
    }
  });

  it.each<[string, Partial<RestartSubject>, string]>([
    ["not marked", { allowed: false }, "denied"],
    ["ourselves", { isOurs: true }, "denied"],
    ["paused", { state: "paused" }, "invalid_input"],
  ])("refuses a container that is %s", (_name, changes, kind) => {
    expect(() => planContainerRestart({ ...subject, ...changes })).toThrow(expect.objectContaining({ kind }));
  });

  it("has a new version when it was started, replaced or stopped in between, and the same one otherwise", () => {
    const version = (changes: Partial<RestartSubject>) => planContainerRestart({ ...subject, ...changes }).stateVersion;
    expect(version({})).toBe(version({ health: "healthy" }));
    const others = [
      version({ startedAt: "2026-11-22T11:00:00Z" }),
      version({ id: "b".repeat(64) }),
      version({ state: "exited" }),
    ];
    expect(new Set([version({}), ...others]).size).toBe(4);
  });
});

describe("planServerRestart", () => {
  it.each([
    ["healthy", "medium"],
    ["unhealthy", "low"],
    ["unreachable", "low"],
  ] as const)("%s is %s", (state, risk) => {
    expect(planServerRestart(fakeHealth("bi", { state }), true)).toMatchObject({
      risk,
      changes: [{ resource: "server bi", before: state }],
    });
  });

  it("says that it cannot without a supervisor, and never plans its own end", () => {
    expect(() => planServerRestart(fakeHealth("bi"), false)).toThrow(
      expect.objectContaining({ kind: "not_configured" }),
    );
    expect(() => planServerRestart(fakeHealth("infra"), true)).toThrow(expect.objectContaining({ kind: "denied" }));
  });
});

describe("findDependents", () => {
  const compose = (service: string, dependsOn = "", project = "shop") => ({
    "com.docker.compose.project": project,
    "com.docker.compose.service": service,
    "com.docker.compose.depends_on": dependsOn,
  });
  const db = fakeSummary("shop-db-1", { labels: compose("db") });

  it("finds who declares a need, in the same project and running", () => {
    const others = [
      db,
      fakeSummary("shop-api-1", { labels: compose("api", "cache:service_started:false,db:service_healthy:false") }),
      fakeSummary("shop-old-1", { labels: compose("old", "db:service_started:false"), state: "exited" }),
      fakeSummary("shop-odd-1", { labels: compose("odd", "dbx:service_started:false") }),
      fakeSummary("blog-api-1", { labels: compose("api", "db:service_started:false", "blog") }),
    ];
    expect(findDependents(db, others)).toEqual(["shop-api-1"]);
    expect(findDependents(fakeSummary("plain"), others)).toEqual([]);
  });
});

describe("findServedEndpoint", () => {
  it.each([
    ["by service name", { host: "db", port: 5432 }, [], "Store"],
    ["by container name", { host: "shop-db-1", port: 5432 }, [], "Store"],
    ["by a port published here", { host: "localhost", port: 15432 }, [15432], "Store"],
    ["not by a port of another machine", { host: "10.0.0.9", port: 15432 }, [15432], undefined],
    ["not by another port", { host: "127.0.0.1", port: 5432 }, [15432], undefined],
  ])("%s", (_name, endpoint, publishedPorts, title) => {
    const container = { name: "shop-db-1", labels: { "com.docker.compose.service": "db" }, publishedPorts };
    expect(findServedEndpoint(container, [{ title: "Store", ...endpoint }])).toBe(title);
  });
});
