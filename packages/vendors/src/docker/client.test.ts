import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { HttpOptions } from "@sophia/core/http/http";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createDockerEngine } from "./client.ts";
import type { DockerEngine } from "./client.ts";

/** A stand-in Engine on loopback for what a real one does not do on demand; the real one is in the contract test. */
let server: Server;
let seen: string[];
let answer: (request: IncomingMessage, response: ServerResponse) => void;
let engine: DockerEngine;

const quiet = { warn() {}, error() {}, info() {}, debug() {}, trace() {}, fatal() {} } as unknown as HttpOptions["log"];
const id = "a".repeat(64);

function json(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

function details(labels: Record<string, string>): unknown {
  return {
    Id: id,
    Name: "/web",
    State: { Status: "running" },
    Config: { Labels: labels, Env: ["PASSWORD=canary0123456789"] },
    HostConfig: {},
  };
}

function open(options: { readOnly?: boolean; composeProject?: string } = {}): DockerEngine {
  const { port } = server.address() as AddressInfo;
  return createDockerEngine({
    host: `tcp://127.0.0.1:${port}`,
    http: { log: quiet },
    composeProject: options.composeProject,
    readOnly: options.readOnly ?? false,
  });
}

beforeEach(async () => {
  seen = [];
  answer = (_request, response) => json(response, {}, 404);
  server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    if (request.url === "/version") json(response, { Version: "28.0", ApiVersion: "1.48", MinAPIVersion: "1.24" });
    else answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  engine = open();
});

afterEach(async () => {
  await engine.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

describe("createDockerEngine", () => {
  it("negotiates once and uses the version in every path", async () => {
    answer = (_request, response) => json(response, []);
    await Promise.all([engine.images(), engine.images(), engine.containers()]);
    expect(seen.filter((line) => line === "GET /version")).toHaveLength(1);
    expect(seen).toContain("GET /v1.48/containers/json?all=1");
  });

  it("negotiates anew after a failure, because the Engine may have been replaced", async () => {
    answer = (_request, response) => json(response, { message: "client version 1.48 is too new" }, 400);
    await expect(engine.images()).rejects.toMatchObject({ kind: "invalid_input" });
    await expect(engine.images()).rejects.toMatchObject({ kind: "invalid_input" });
    expect(seen.filter((line) => line === "GET /version")).toHaveLength(2);
  });

  it("tolerates nulls and never carries the environment", async () => {
    answer = (_request, response) => json(response, details({}));
    const container = await engine.container("web");
    expect(container).toMatchObject({ id, name: "web", restartPolicy: "no", mounts: [], health: undefined });
    expect(JSON.stringify(container)).not.toContain("canary");
  });

  it.each(["../info", "a/b", "-rm", "", "a?b=1", "a\0", "%2e%2e"])("sends nothing for the id %j", async (hostile) => {
    await expect(engine.container(hostile)).rejects.toMatchObject({ kind: "invalid_input" });
    expect(seen.filter((line) => line !== "GET /version")).toEqual([]);
  });
});

describe("restart", () => {
  const restarts = (): string[] => seen.filter((line) => line.startsWith("POST"));

  it.each([
    ["the label", { "sophia.restart": "allow" }, undefined, true],
    ["our compose project", { "com.docker.compose.project": "sophia" }, "sophia", true],
    ["no label", {}, "sophia", false],
    ["another project", { "com.docker.compose.project": "shop" }, "sophia", false],
    ["deny inside our project", { "com.docker.compose.project": "sophia", "sophia.restart": "deny" }, "sophia", false],
    ["a misspelt permission", { "sophia.restart": "yes" }, undefined, false],
  ])("with %s", async (_name, labels, composeProject, allowed) => {
    engine = open(composeProject === undefined ? {} : { composeProject });
    answer = (request, response) =>
      request.method === "POST" ? response.writeHead(204).end() : json(response, details(labels));
    const outcome = engine.restart("web", { graceSeconds: 1 });
    if (allowed) await outcome;
    else
      await expect(outcome).rejects.toMatchObject({
        kind: "denied",
        hint: expect.stringContaining("sophia.restart=allow"),
      });
    expect(restarts()).toEqual(allowed ? [`POST /v1.48/containers/${id}/restart?t=1`] : []);
  });

  it("refuses below the tools when the installation is read-only", async () => {
    engine = open({ readOnly: true });
    await expect(engine.restart("web", { graceSeconds: 1 })).rejects.toMatchObject({ kind: "denied" });
    expect(seen).toEqual([]);
  });

  it("is sent once, and a lost answer is an unknown outcome", async () => {
    answer = (request, response) => {
      if (request.method === "POST") request.socket.destroy();
      else json(response, details({ "sophia.restart": "allow" }));
    };
    await expect(engine.restart("web", { graceSeconds: 1 })).rejects.toMatchObject({ retryable: false });
    expect(restarts()).toHaveLength(1);
  });
});

describe("an Engine that cannot be reached", () => {
  const at = (host: string): DockerEngine =>
    createDockerEngine({ host, http: { log: quiet }, composeProject: undefined, readOnly: false });

  it("says how to start one when the socket is absent", async () => {
    const failure = at("unix:///nonexistent/docker.sock").version();
    await expect(failure).rejects.toMatchObject({
      kind: "not_configured",
      hint: expect.stringContaining("DOCKER_HOST"),
    });
  });

  it("says that nobody listens when the socket is left over", async () => {
    const folder = await mkdtemp(join(tmpdir(), "sophia-docker-"));
    const path = join(folder, "docker.sock");
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(path, resolve));
    await chmod(path, 0o666);
    await new Promise((resolve) => holder.close(resolve));
    // Node removes the socket on close; a plain file in its place answers as an abandoned one does.
    await writeFile(path, "");
    await expect(at(`unix://${path}`).version()).rejects.toMatchObject({ kind: "not_configured" });
    await rm(folder, { recursive: true });
  });

  it("tells an unspoken form of DOCKER_HOST at the call, not at start", async () => {
    await expect(at("ssh://host").version()).rejects.toMatchObject({
      kind: "not_configured",
      hint: expect.stringContaining("ssh -nNT"),
    });
  });

  it("gives up on a silent Engine within its deadline", async () => {
    vi.useRealTimers();
    answer = () => {};
    const startedAt = performance.now();
    await expect(engine.images()).rejects.toMatchObject({ kind: "timeout" });
    expect(performance.now() - startedAt).toBeLessThan(8_000);
  });
});
