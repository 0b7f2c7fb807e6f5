import { fork, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { childEnvironment } from "@sophia/core/testing/child-environment";
import { findFreePort } from "@sophia/core/testing/peers";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { callTool } from "./testing/call-tool.ts";

const token = "0123456789abcdef0123456789abcdef";
const restartBi = { change: { action: "restart", target: { kind: "server", id: "bi" } } };
const messages: unknown[] = [];
let child: ChildProcess;
let dataDir: string;
let url: string;
let report = { status: 200, startedAt: "2026-11-22T10:00:00.000Z" };
// The server that is to be restarted: what matters is what infra sees of it.
const bi = createServer((_request, response) => {
  response.statusCode = report.status;
  response.end(JSON.stringify({ status: "ok", server: "bi", startedAt: report.startedAt, checks: [] }));
});

beforeAll(async () => {
  await new Promise<void>((resolve) => bi.listen(0, "127.0.0.1", resolve));
  dataDir = mkdtempSync(join(tmpdir(), "sophia-infra-"));
  const port = await findFreePort();
  url = `http://127.0.0.1:${port}`;
  child = fork(fileURLToPath(new URL("./main.ts", import.meta.url)), [], {
    cwd: dataDir,
    execArgv: [],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    env: {
      ...childEnvironment(),
      DOCKER_HOST: "unix:///nonexistent/docker.sock",
      SOPHIA_DATA_DIR: dataDir,
      SOPHIA_TOKEN: token,
      SOPHIA_LOG_LEVEL: "warn",
      SOPHIA_PORT_INFRA: String(port),
      SOPHIA_PORT_BI: String((bi.address() as AddressInfo).port),
    },
  });
  child.on("message", (message: { type: string }) => {
    if (message.type !== "heartbeat") messages.push(message);
    // What the real supervisor does, as far as it shows: a new process, well again.
    if (message.type === "restart-request") report = { status: 200, startedAt: "2026-11-22T10:05:00.000Z" };
  });
  await vi.waitFor(() => expect(messages).toContainEqual(expect.objectContaining({ type: "ready" })), 30_000);
});

afterAll(async () => {
  if (child.exitCode === null) {
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    await ended;
  }
  await new Promise((resolve) => bi.close(resolve));
  rmSync(dataDir, { recursive: true, force: true });
});

it("needs a person to restart a server that is well", async () => {
  const { structuredContent: planned } = await callTool(url, token, "plan_change", restartBi);
  expect(planned.plan).toMatchObject({ risk: "medium", summary: "Restart the server Business Intelligence (bi)." });
  expect(await callTool(url, token, "apply_change", { planId: planned.planId })).toMatchObject({
    isError: true,
    content: [{ text: expect.stringContaining("approval_required") }],
  });
  expect(messages).not.toContainEqual(expect.objectContaining({ type: "restart-request" }));
});

it("asks the supervisor to restart one that is ill, and waits for the new process", async () => {
  report = { ...report, status: 503 };
  const { structuredContent: planned } = await callTool(url, token, "plan_change", restartBi);
  expect(planned.plan).toMatchObject({ risk: "low", changes: [{ before: "unhealthy", after: "healthy" }] });
  const applied = await callTool(url, token, "apply_change", { planId: planned.planId });
  expect(applied.structuredContent).toMatchObject({
    outcome: "applied",
    result: { resource: "server bi", healthy: true },
  });
  expect(messages).toContainEqual({ type: "restart-request", server: "bi", planId: expect.any(String) });
  const { structuredContent: diagnosis } = await callTool(url, token, "diagnose", { resource: "bi" });
  expect(diagnosis).toMatchObject({ healthy: true, history: [{ what: "restart through Sophia: applied" }] });
});

it("does not plan its own end", async () => {
  const change = { action: "restart", target: { kind: "server", id: "infra" } };
  expect(await callTool(url, token, "plan_change", { change })).toMatchObject({ isError: true });
});
