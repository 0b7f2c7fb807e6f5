import { AppError } from "@sophia/core/errors/app-error";
import { describe, expect, it } from "vitest";
import { fakeContext, fakeHealth, fakeServices, fakeSummary } from "../testing/fake-services.ts";
import { getStatus } from "./get-status.ts";

const version = async () => ({ version: "28.0", apiVersion: "1.48", minimumApiVersion: "1.24" });
const clean = { branch: "main", head: "a", upstream: undefined, ahead: undefined, behind: undefined, files: [] };

describe("get_status", () => {
  it("says in one sentence that all is well", async () => {
    const repository = { name: "app", workTree: "/srv/app", gitDirectory: "/srv/app/.git" };
    const services = fakeServices({
      docker: {
        version,
        containers: async () => [
          fakeSummary("web"),
          fakeSummary("job", { state: "exited", statusText: "Exited (1) 2 days ago" }),
        ],
      },
      git: { repositories: async () => [repository], status: async () => clean },
    });
    const output = await getStatus.run({}, fakeContext(services));
    expect(getStatus.output.parse(output)).toMatchInlineSnapshot(`
      {
        "docker": {
          "detail": "Docker 28.0: 1 of 2 containers running.",
          "ok": true,
          "problems": [],
          "state": "ok",
        },
        "git": {
          "detail": "app on main, nothing uncommitted.",
          "ok": true,
          "problems": [],
          "state": "ok",
        },
        "healthy": true,
        "servers": {
          "detail": "4 of 4 servers healthy.",
          "ok": true,
          "problems": [],
          "state": "ok",
        },
        "source": {
          "asOf": "2026-11-22T12:00:00.000Z",
          "costUsd": 0,
          "mode": "local",
          "service": "sophia",
        },
        "verdict": "All is well: 4 of 4 servers healthy; Docker 28.0: 1 of 2 containers running; app on main, nothing uncommitted.",
      }
    `);
    expect(getStatus.render?.(getStatus.output.parse(output))).toMatchInlineSnapshot(`
      "All is well: 4 of 4 servers healthy; Docker 28.0: 1 of 2 containers running; app on main, nothing uncommitted.
      - Servers: ok. 4 of 4 servers healthy.
      - Docker: ok. Docker 28.0: 1 of 2 containers running.
      - Git: ok. app on main, nothing uncommitted."
    `);
  });

  it("puts what is wrong first, and tells the parts that work when one fails", async () => {
    const services = fakeServices({
      docker: {
        version,
        containers: async () => [
          fakeSummary("web", { health: "unhealthy" }),
          fakeSummary("loop", { state: "restarting" }),
          fakeSummary("shop-api-1", {
            state: "exited",
            statusText: "Exited (137) 1 hour ago",
            labels: { "com.docker.compose.service": "api" },
          }),
        ],
      },
      servers: {
        health: async (id) => fakeHealth(id, id === "bi" ? { state: "unreachable", detail: "Nobody answers." } : {}),
      },
      git: { repositories: () => Promise.reject(new AppError("timeout", "Git did not finish.")) },
    });
    const output = await getStatus.run({}, fakeContext(services));
    expect(output.verdict).toBe(
      "5 problems: server bi is unreachable: Nobody answers; container web is unhealthy; container loop restarts again and again and 2 more.",
    );
    expect(output).toMatchObject({
      healthy: false,
      servers: { ok: false, state: "degraded" },
      docker: {
        ok: false,
        problems: [expect.any(String), expect.any(String), "container shop-api-1 ended with exit code 137"],
      },
      git: { ok: false, state: "failed", detail: "Git did not finish." },
    });
  });

  it("does not call a machine without Docker broken, but an expected Engine that is absent", async () => {
    const without = await getStatus.run({}, fakeContext(fakeServices()));
    expect(without).toMatchObject({
      healthy: true,
      docker: { ok: true, state: "off", detail: expect.stringContaining("Install or start Docker.") },
    });
    const absent = await getStatus.run({}, fakeContext(fakeServices({ docker: { expected: true } })));
    expect(absent).toMatchObject({ healthy: false, docker: { ok: false, state: "failed" } });
  });

  it("names the fix when the socket is closed to us", async () => {
    const denied = new AppError("denied", "Sophia may not open the Docker socket.", {
      hint: "Add its user to the docker group.",
    });
    const output = await getStatus.run(
      {},
      fakeContext(fakeServices({ docker: { version: () => Promise.reject(denied) } })),
    );
    expect(output.docker).toMatchObject({
      ok: false,
      state: "failed",
      detail: expect.stringContaining("docker group"),
    });
  });
});
