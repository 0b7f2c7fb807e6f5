import { randomBytes } from "node:crypto";
import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { reportMissing } from "@sophia/core/testing/find-binary";
import { findDocker } from "@sophia/core/testing/peers";
import { connectLegacy } from "../end-to-end/clients.ts";
import { freePorts, serverIds } from "../end-to-end/start-servers.ts";
import { importBaseImage } from "./testing/base-image.ts";
import type { ComposeProject } from "./testing/compose-project.ts";
import { openComposeProject } from "./testing/compose-project.ts";
import { findCompose } from "./testing/find-compose.ts";

const program = await findCompose();
const engine = program === undefined ? undefined : await findDocker({ publishes: true });
const id = randomBytes(4).toString("hex");
const chosenToken = `sophia_all_${randomBytes(32).toString("base64url")}`;
/** Less than what docker-compose.yml allows; more would mean that something had to be killed. */
const stopLimitMs = 15_000;
const buildLimitMs = 300_000;
const startLimitMs = 120_000;

let project: ComposeProject;
let ports: Record<string, number>;
let firstToken: string;
let analystToken: string;

beforeAll(async () => {
  if (program === undefined || engine === undefined) return;
  const free = await freePorts(serverIds.length);
  ports = Object.fromEntries(serverIds.map((server, index) => [server, free[index] ?? 0]));
  const published = serverIds.map((server) => [`SOPHIA_PORT_${server.toUpperCase()}`, String(ports[server])]);
  const image = { SOPHIA_IMAGE: `sophia-test:${id}`, ...(await baseImage(engine.socketPath)) };
  project = openComposeProject({
    program,
    socketPath: engine.socketPath,
    name: `sophia-test-${id}`,
    environment: { ...Object.fromEntries(published), ...image },
  });
}, 120_000);

afterAll(async () => {
  if (engine === undefined) return;
  await project?.remove();
  await deleteImage(engine.socketPath, `sophia-test-base:${id}`);
  await engine.stop();
}, 120_000);

/** On Linux a base image from this machine's files; elsewhere the Engine fetches the real one. */
async function baseImage(socketPath: string): Promise<Record<string, string>> {
  if (process.platform !== "linux") return {};
  if (await importBaseImage(socketPath, "sophia-test-base", id)) return { SOPHIA_BASE_IMAGE: `sophia-test-base:${id}` };
  reportMissing("A base image", "npm or busybox is missing; the default one is tried instead");
  return {};
}

async function deleteImage(socketPath: string, name: string): Promise<void> {
  await new Promise<void>((resolve) => {
    const call = request({ socketPath, path: `/images/${name}`, method: "DELETE", timeout: 20_000 }, (response) => {
      response.resume().once("end", resolve);
    });
    call.once("timeout", () => call.destroy());
    call.once("close", resolve);
    call.once("error", () => resolve());
    call.end();
  });
}

/** Says how long it took: start time and image size are promises to the user. */
async function measure(what: string, work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  const durationMs = Math.round(performance.now() - startedAt);
  process.stderr.write(`compose: ${what} took ${durationMs} ms\n`);
  return durationMs;
}

async function call(server: string, bearer: string, tool: string, values: Record<string, unknown>): Promise<unknown> {
  const client = await connectLegacy({ kind: "http", url: `http://127.0.0.1:${ports[server]}`, bearer });
  try {
    const result = await client.callTool({ name: tool, arguments: values });
    expect(result.isError ?? false, JSON.stringify(result.content).slice(0, 500)).toBe(false);
    return result.structuredContent;
  } finally {
    await client.close();
  }
}

async function startAndWait(environment: Record<string, string> = {}): Promise<void> {
  const up = ["up", "--no-build", "--wait", "--wait-timeout", String(startLimitMs / 1_000)];
  try {
    await project.run(up, { environment, timeoutMs: startLimitMs + 30_000 });
  } catch (error) {
    const logs = await project.run(["logs", "--tail", "40"]).catch(() => "");
    throw new Error(`The servers did not come up:\n${logs.slice(-6_000)}`, { cause: error });
  }
}

// In this order: each test goes on where the one before it stopped.
describe.skipIf(engine === undefined || program === undefined)("docker compose", () => {
  test("builds one image", { timeout: buildLimitMs }, async () => {
    await measure("build", () => project.run(["build"], { timeoutMs: buildLimitMs }));
    // Compose reports the size of an image only for containers that exist.
    await project.run(["create", "--no-build"]);
    const images = JSON.parse(await project.run(["images", "--format", "json"])) as { ID: string; Size: number }[];
    expect(new Set(images.map((image) => image.ID)).size).toBe(1);
    const megabytes = Math.round((images[0]?.Size ?? 0) / 1e6);
    process.stderr.write(`compose: the image has ${megabytes} MB\n`);
    expect(megabytes).toBeLessThan(600);
  });

  test(
    "brings up four servers that are ready and closed to strangers",
    { timeout: startLimitMs + 60_000 },
    async () => {
      await measure("first start", startAndWait);
      for (const server of serverIds) {
        const url = `http://127.0.0.1:${ports[server]}`;
        expect((await fetch(`${url}/readyz`)).status, server).toBe(200);
        expect((await fetch(`${url}/mcp`, { method: "POST", body: "{}" })).status, server).toBe(401);
      }
      expect((await project.list()).map(({ State, Health }) => `${State} ${Health}`)).toEqual(
        serverIds.map(() => "running healthy"),
      );
    },
  );

  test("lists tools and answers with the token of the first start", { timeout: 60_000 }, async () => {
    firstToken = (await project.run(["exec", "-T", "ai", "cat", "/data/caller-token"])).trim();
    for (const server of serverIds) {
      const reach = { kind: "http", url: `http://127.0.0.1:${ports[server]}`, bearer: firstToken } as const;
      const client = await connectLegacy(reach);
      expect((await client.listTools()).tools.length, server).toBeGreaterThan(2);
      await client.close();
    }
    await expect.poll(() => countOrders(firstToken), { timeout: 30_000, interval: 1_000 }).toBeGreaterThan(1_000);
  });

  test("servers reach each other, and nothing is simulated", { timeout: 60_000 }, async () => {
    const status = await call("infra", firstToken, "get_status", {});
    expect(status).toMatchObject({ healthy: true, servers: { ok: true, detail: "4 of 4 servers healthy." } });
    const modules = await project.run(["exec", "-T", "ai", "node", "-p", "fs.existsSync('packages/simulators')"]);
    expect(modules.trim()).toBe("false");
  });

  test("what one server writes, another reads", { timeout: 60_000 }, async () => {
    const create = ["token", "create", "--name", "analyst", "--server", "bi", "--scope", "read", "--json"];
    ({ bearer: analystToken } = JSON.parse(await sophia(create)) as { bearer: string });
    expect(await countOrders(analystToken)).toBeGreaterThan(1_000);
  });

  test("commands run beside the servers and read stdin", { timeout: 60_000 }, async () => {
    const clientInfo = { name: "test", version: "1.0.0" };
    const params = { protocolVersion: "2025-06-18", capabilities: {}, clientInfo };
    const input = `${JSON.stringify({ jsonrpc: "2.0", id: 1, method: "initialize", params })}\n`;
    const answer = await project.run(["run", "--rm", "-T", "ai", "stdio", "ai"], { input });
    expect(answer).toContain('"serverInfo"');
  });

  test("stops cleanly within the grace", { timeout: 60_000 }, async () => {
    expect(await measure("stop", () => project.run(["stop"]))).toBeLessThan(stopLimitMs);
    expect(
      (await project.list()).map(({ Service, State, ExitCode }) => `${Service} ${State} ${ExitCode}`).sort(),
    ).toEqual([...serverIds].sort().map((server) => `${server} exited 0`));
  });

  test("comes up again with its data and takes SOPHIA_TOKEN", { timeout: startLimitMs + 90_000 }, async () => {
    await measure("second start", () => startAndWait({ SOPHIA_TOKEN: chosenToken }));
    expect(await countOrders(chosenToken)).toBeGreaterThan(1_000);
    expect(await countOrders(firstToken)).toBeGreaterThan(1_000);
    expect(await countOrders(analystToken)).toBeGreaterThan(1_000);
    expect(await sophia(["audit", "verify"])).toContain("The audit is whole");
  });
});

async function countOrders(bearer: string): Promise<number> {
  const sql = "SELECT count(*) AS orders FROM sample_orders";
  const { rows } = (await call("bi", bearer, "query_data", { sql })) as { rows: unknown[][] };
  return Number(rows[0]?.[0]);
}

/** A command beside the server in its container. */
async function sophia(command: readonly string[]): Promise<string> {
  return await project.run(["exec", "-T", "ai", "node", "packages/cli/src/main.ts", ...command]);
}
