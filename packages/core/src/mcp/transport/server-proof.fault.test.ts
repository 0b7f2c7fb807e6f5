import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttp, type Server } from "node:http";
import { type AddressInfo, connect, createServer as createTcp, type Server as TcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Secret } from "../../config/secret.ts";
import { takeDataLock } from "../../store/data-lock.ts";
import { createSampleServices, sampleServer } from "../../testing/sample-server.ts";
import { planKey, startTestServer } from "../../testing/test-server.ts";
import { createProver, NotOurServer } from "./server-proof.ts";
import { findRunningServer, openProven } from "./stdio-running-server.ts";

const token = "sophia_all_secret-0123456789abcdef0123456789abcdef";
let dataDir = "";
const cleanUp: (() => unknown)[] = [];

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "sophia-proof-"));
  writeFileSync(join(dataDir, "plan-key"), planKey);
});
afterEach(async () => {
  for (const step of cleanUp.splice(0)) await step();
  rmSync(dataDir, { recursive: true });
});

async function listen(server: Server | TcpServer): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanUp.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

function find(port: number, config: { token?: Secret } = { token: new Secret(token) }) {
  return findRunningServer({
    config: { dataDir, host: "127.0.0.1", ...config },
    id: "ai",
    port,
    log: pino({ level: "silent" }),
    startWaitMs: 1_000,
  });
}

async function startTrue() {
  const server = await startTestServer({ definition: sampleServer, services: createSampleServices() });
  cleanUp.push(() => server.close());
  return server;
}

/** Answers like the true server, as far as anybody can, and keeps what it hears. */
async function startImposter(headers: Record<string, string> = {}) {
  const heard: string[] = [];
  const port = await listen(
    createHttp((request, response) => {
      heard.push(...request.rawHeaders.map((text) => text.toLowerCase()));
      const body = '{"server":"ai"}';
      response.writeHead(200, { "content-type": "application/json", "content-length": body.length, ...headers });
      response.end(body);
    }),
  );
  return { port, heard };
}

test("the server under the lock that knows the key is found", async () => {
  const lock = takeDataLock(dataDir, ["ai"], "test");
  cleanUp.push(() => lock.release());
  expect(await find((await startTrue()).port)).toMatchObject({ bearer: token });
});

test("a server on another host, as in a container of its own, is left alone at once", async () => {
  const lock = takeDataLock(dataDir, ["ai"], "test");
  cleanUp.push(() => lock.release());
  const file = join(dataDir, "locks", "ai.json");
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, "utf8")), host: "elsewhere" }));
  const from = performance.now();
  expect(await find(1)).toBeUndefined();
  expect(performance.now() - from).toBeLessThan(900);
});

test("a server whose token is not known here is left alone at once", async () => {
  const lock = takeDataLock(dataDir, ["ai"], "test");
  cleanUp.push(() => lock.release());
  const { port } = await startTrue();
  const startedAt = performance.now();
  expect(await find(port, {})).toBeUndefined();
  expect(performance.now() - startedAt).toBeLessThan(900);
  writeFileSync(join(dataDir, "caller-token"), `${token}\n`);
  expect(await find(port, {})).toMatchObject({ bearer: token });
});

test("without the lock nobody is asked, whoever has the port", async () => {
  const imposter = await startImposter();
  expect(await find(imposter.port)).toBeUndefined();
  expect(imposter.heard).toEqual([]);
  expect(await find((await startTrue()).port)).toBeUndefined();
});

test.each([
  ["no proof", {}],
  ["a made-up proof", { "x-sophia-proof": "0".repeat(64) }],
])("under the lock, a program with %s hears no bearer", async (_what, headers) => {
  const lock = takeDataLock(dataDir, ["ai"], "test");
  cleanUp.push(() => lock.release());
  const imposter = await startImposter(headers);
  expect(await find(imposter.port)).toBeUndefined();
  expect(imposter.heard).toContain("x-sophia-challenge");
  expect(imposter.heard).not.toContain("authorization");
});

test("a program that passes the challenge on to the true server is found out", async () => {
  const server = await startTrue();
  const relay = createTcp((socket) => {
    const onward = connect(server.port, "127.0.0.1");
    socket.pipe(onward).pipe(socket);
    for (const end of [socket, onward]) end.on("error", () => {});
  });
  const port = await listen(relay);
  const prove = createProver(planKey, "ai");
  (await openProven("127.0.0.1", server.port, prove)).destroy();
  await expect(openProven("127.0.0.1", port, prove)).rejects.toThrow(NotOurServer);
});

test("the proof of another server of the same folder is none", async () => {
  const { port } = await startTrue();
  await expect(openProven("127.0.0.1", port, createProver(planKey, "bi"))).rejects.toThrow("its proof is wrong");
});

test("a port nobody has opened yet is waited for while the lock is held", async () => {
  const lock = takeDataLock(dataDir, ["ai"], "test");
  cleanUp.push(() => lock.release());
  const from = performance.now();
  expect(await find(1)).toBeUndefined();
  expect(performance.now() - from).toBeGreaterThan(900);
});
