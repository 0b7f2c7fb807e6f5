import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { connect } from "node:net";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { findChromium, findDocker, findFreePort, startPostgres, startRedis } from "./peers.ts";

const run = promisify(execFile);

async function exchange(port: number, text: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.end(text);
  let answer = "";
  for await (const chunk of socket) answer += String(chunk);
  return answer;
}

test("a private Redis answers, and is gone after stop", async (context) => {
  const redis = await startRedis();
  if (!redis) return context.skip();
  expect(await exchange(redis.port, "PING\r\n")).toContain("+PONG");
  await redis.stop();
  await expect(exchange(redis.port, "PING\r\n")).rejects.toThrow("ECONNREFUSED");
});

test("a private PostgreSQL answers, and stops although its processes were frozen", async (context) => {
  const postgres = await startPostgres();
  if (!postgres) return context.skip();
  const { default: pg } = await import("pg");
  const client = new pg.Client({ connectionString: postgres.url });
  await client.connect();
  expect((await client.query("select 1 + 1 as sum")).rows).toEqual([{ sum: 2 }]);
  await client.end();
  expect(postgres.pids().length).toBeGreaterThan(2);
  for (const pid of postgres.pids()) process.kill(pid, "SIGSTOP");
  await postgres.stop();
  expect(postgres.pids().filter((pid) => existsSync(`/proc/${pid}`))).toEqual([]);
});

test("two servers at once do not share a port", async (context) => {
  const [first, second] = await Promise.all([startRedis(), startRedis()]);
  if (!first || !second) return context.skip();
  expect(first.port).not.toBe(second.port);
  await Promise.all([first.stop(), second.stop()]);
});

test("Docker answers on its socket", async (context) => {
  const docker = await findDocker();
  if (!docker) return context.skip();
  const { stdout } = await run("curl", ["-s", "--unix-socket", docker.socketPath, "http://docker/version"]);
  expect(JSON.parse(stdout)).toHaveProperty("ApiVersion");
  await docker.stop();
});

test("Chromium tells its version", async (context) => {
  const chromium = await findChromium();
  if (chromium === undefined) return context.skip();
  const { stdout } = await run(chromium, ["--version", "--no-sandbox"]);
  expect(stdout).toMatch(/\d+\./);
});

test("a free port is free", async () => {
  const port = await findFreePort();
  await expect(exchange(port, "")).rejects.toThrow("ECONNREFUSED");
});
