import { describe, expect, it } from "vitest";
import { fakeContext, fakeServices, fakeSummary } from "../testing/fake-services.ts";
import { listResources } from "./list-resources.ts";

const containers = async () => [
  fakeSummary("web", {
    health: "unhealthy",
    statusText: "Up 2 minutes (unhealthy)",
    labels: { "sophia.restart": "allow" },
  }),
  fakeSummary("db", { image: "registry/db:password=hunter2hunter" }),
];

function ask(input: Partial<Parameters<typeof listResources.run>[0]>, fakes: Parameters<typeof fakeServices>[0] = {}) {
  return listResources.run({ limit: 50, ...input }, fakeContext(fakeServices({ docker: { containers }, ...fakes })));
}

describe("list_resources", () => {
  it("lists one kind with the ids that other tools take", async () => {
    expect(listResources.output.parse(await ask({ kind: "containers" }))).toMatchInlineSnapshot(`
      {
        "items": [
          {
            "detail": "registry/db:password=***, Up 2 hours",
            "id": "646200000000",
            "kind": "container",
            "name": "db",
            "state": "running",
          },
          {
            "detail": "app:1, Up 2 minutes (unhealthy), may be restarted",
            "id": "776562000000",
            "kind": "container",
            "name": "web",
            "state": "running (unhealthy)",
          },
        ],
        "problems": [],
        "source": {
          "asOf": "2026-11-22T12:00:00.000Z",
          "costUsd": 0,
          "mode": "local",
          "service": "sophia",
        },
        "total": 2,
      }
    `);
  });

  it("filters over name, id, state and detail, and may find nothing", async () => {
    expect((await ask({ kind: "containers", filter: "UNHEALTHY" })).items.map((item) => item.name)).toEqual(["web"]);
    expect(await ask({ kind: "containers", filter: "nothing" })).toMatchObject({ items: [], total: 0 });
  });

  it("leads through all pages", async () => {
    const first = await ask({ kind: "servers", limit: 3 });
    expect(first).toMatchObject({ total: 4, items: [{ id: "ai" }, { id: "bi" }, { id: "data" }] });
    const rest = await ask({ kind: "servers", limit: 3, cursor: first.nextCursor ?? "" });
    expect(rest.items.map((item) => item.id)).toEqual(["infra"]);
    expect(rest.nextCursor).toBeUndefined();
    await expect(ask({ kind: "containers", cursor: first.nextCursor ?? "" })).rejects.toMatchObject({
      kind: "invalid_input",
    });
  });

  it("lists what it can and says once why the rest is missing", async () => {
    const output = await listResources.run({ limit: 50 }, fakeContext(fakeServices()));
    expect(output.items.map((item) => item.kind)).toEqual(["server", "server", "server", "server"]);
    expect(output.problems).toEqual([
      "There is no Docker Engine at unix:///var/run/docker.sock. Install or start Docker.",
    ]);
  });

  it("fails with the fix when the one kind asked for cannot be read", async () => {
    const outcome = listResources.run({ kind: "images", limit: 50 }, fakeContext(fakeServices()));
    await expect(outcome).rejects.toMatchObject({ kind: "not_configured", hint: "Install or start Docker." });
  });

  it("shows repositories and branches without credentials", async () => {
    const now = Date.UTC(2026, 10, 22);
    const branch = {
      head: "a",
      committedAt: now,
      current: true,
      upstream: "origin/main",
      ahead: 1,
      behind: 0,
      upstreamGone: false,
      merged: true,
    };
    const old = {
      ...branch,
      name: "old",
      current: false,
      merged: false,
      committedAt: now - 200 * 24 * 3_600_000,
      upstream: undefined,
    };
    const git = {
      repositories: async () => [{ name: "app", workTree: "/srv/app", gitDirectory: "/srv/app/.git" }],
      status: async () => ({ branch: "main", head: "a", upstream: "origin/main", ahead: 1, behind: 0, files: [] }),
      remotes: async () => [{ name: "origin", url: "https://github.com/acme/app.git" }],
      branches: async () => ({ base: "main", branches: [{ ...branch, name: "main" }, old] }),
    };
    const repositories = await ask({ kind: "repositories" }, { git });
    expect(repositories.items).toEqual([
      {
        kind: "repository",
        id: "/srv/app",
        name: "app",
        state: "clean",
        detail: "on main, 1 ahead, 0 behind; origin https://github.com/acme/app.git",
      },
    ]);
    const branches = await ask({ kind: "branches" }, { git });
    expect(branches.items.map((item) => `${item.id} ${item.state}`)).toEqual(["app:main current", "app:old stale"]);
  });
});
