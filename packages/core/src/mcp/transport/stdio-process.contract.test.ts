import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { takeDataLock } from "../../store/data-lock.ts";
import { childEnvironment } from "../../testing/child-environment.ts";
import { startScript } from "../../testing/child-script.ts";
import { findFreePort } from "../../testing/peers.ts";
import { rpc } from "../../testing/raw-http.ts";
import type { Message } from "../../testing/stdio-client.ts";
import { serverNodeFlags } from "../node-flags.ts";

vi.setConfig({ testTimeout: 60_000 });

const main = fileURLToPath(new URL("../../testing/sample-main.ts", import.meta.url));
const ways = ["alone", "beside a running server"] as const;
type Way = (typeof ways)[number];
const waitFor = { timeout: 10_000, interval: 20 };

let environment: Record<string, string> = {};
let port = 0;
const cleanUp: (() => unknown)[] = [];

beforeEach(async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "sophia-stdio-"));
  port = await findFreePort();
  environment = {
    ...childEnvironment(),
    HOME: dataDir,
    SOPHIA_DATA_DIR: dataDir,
    SOPHIA_TOKEN: "sophia_all_stdio-0123456789abcdef0123456789abcdef",
    SOPHIA_PORT_AI: String(port),
    SOPHIA_APPROVE_IN_CLIENT: "1",
    SOPHIA_LOG_LEVEL: "trace",
  };
  cleanUp.push(() => rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 }));
});
afterEach(async () => {
  for (const step of cleanUp.splice(0).toReversed()) await step();
});

/** As `sophia up` does it: the lock is held by one process, and another serves. */
async function startRunning(): Promise<ChildProcess> {
  const lock = takeDataLock(environment["SOPHIA_DATA_DIR"] ?? "", ["ai"], "test");
  cleanUp.push(() => lock.release());
  const child = spawn(process.execPath, [...serverNodeFlags, main], { env: environment, stdio: "ignore" });
  const exited = new Promise((resolve) => child.once("exit", resolve));
  cleanUp.push(async () => {
    child.kill("SIGKILL");
    await exited;
  });
  await vi.waitFor(async () => expect((await fetch(`http://127.0.0.1:${port}/livez`)).ok).toBe(true), {
    timeout: 20_000,
  });
  return child;
}

/** The stdio process with pipes of the test's own. */
async function startStdio(way: Way) {
  const running = way === "alone" ? undefined : await startRunning();
  const child = spawn(process.execPath, [...serverNodeFlags, main, "--stdio"], { env: environment });
  const exited = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
  cleanUp.push(async () => {
    child.kill("SIGKILL");
    await exited;
  });
  let stdout = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.resume();
  child.stdin.on("error", () => {});
  return {
    child,
    running,
    exited,
    messages: () =>
      stdout
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Message),
    call: (name: string, values: object, id: number) =>
      child.stdin.write(`${rpc("modern", "tools/call", { name, arguments: values }, id).body}\n`),
  };
}

async function secondsUntil(exited: Promise<unknown>): Promise<number> {
  const from = performance.now();
  await Promise.race([exited, delay(20_000)]);
  return (performance.now() - from) / 1_000;
}

describe.each(ways)("a stdio process %s", (way) => {
  test("answers what is under way when stdin ends, then ends", async () => {
    const stdio = await startStdio(way);
    stdio.call("wait_long", { ms: 700 }, 1);
    stdio.child.stdin.end();
    expect(await stdio.exited).toBe(0);
    expect(stdio.messages()).toEqual([expect.objectContaining({ id: 1, result: expect.anything() })]);
  });

  test("ends within seconds of stdin's end, whatever is under way", async () => {
    const stdio = await startStdio(way);
    stdio.call("echo_text", { text: "x" }, 1);
    await vi.waitFor(() => expect(stdio.messages()).toHaveLength(1), waitFor);
    stdio.call("wait_long", { ms: 19_000 }, 2);
    stdio.child.stdin.end();
    expect(await secondsUntil(stdio.exited)).toBeLessThan(10);
  });

  test("ends when its answers cannot be written, though stdin stays open", async () => {
    const stdio = await startStdio(way);
    stdio.call("echo_text", { text: "x" }, 1);
    await vi.waitFor(() => expect(stdio.messages()).toHaveLength(1), waitFor);
    stdio.child.stdout.destroy();
    stdio.call("wait_long", { ms: 19_000 }, 2);
    stdio.call("echo_text", { text: "x" }, 3);
    expect(await secondsUntil(stdio.exited)).toBeLessThan(6);
  });

  test("ends soon after SIGTERM, though a call is under way", async () => {
    const stdio = await startStdio(way);
    stdio.call("echo_text", { text: "x" }, 1);
    await vi.waitFor(() => expect(stdio.messages()).toHaveLength(1), waitFor);
    stdio.call("wait_long", { ms: 19_000 }, 2);
    stdio.child.kill("SIGTERM");
    expect(await secondsUntil(stdio.exited)).toBeLessThan(6);
  });

  test.each([
    ["2026-07-28", { pin: "2026-07-28" }],
    ["2025", "legacy"],
  ] as const)("serves an official client of %s, notes and questions included", async (era, mode) => {
    if (way !== "alone") await startRunning();
    const client = new Client(
      { name: "test", version: "1.0.0" },
      { capabilities: { elicitation: { form: {} } }, versionNegotiation: { mode } },
    );
    const questions: string[] = [];
    client.setRequestHandler("elicitation/create", async ({ params }) => {
      questions.push(params.message);
      return { action: "accept", content: { approve: true } } as never;
    });
    const faults: Error[] = [];
    client.onerror = (error) => {
      // Its own late notes, see below.
      if (!error.message.includes("unknown token")) faults.push(error);
    };
    const options = { command: process.execPath, args: [...serverNodeFlags, main, "--stdio"], env: environment };
    await client.connect(new StdioClientTransport({ ...options, stderr: "ignore" }));
    cleanUp.push(() => client.close());
    expect((await client.listTools()).tools.length).toBeGreaterThan(5);
    let notes = 0;
    // So many that some come apart from the answer: the client drops those that arrive in one piece with it.
    await client.callTool({ name: "flood_progress", arguments: { notes: 5_000 } }, { onprogress: () => notes++ });
    expect(notes).toBeGreaterThan(0);
    const change = { tool: "change_thing", arguments: { to: "v2", risk: "high" } };
    const planned = await client.callTool({ name: "run_tool", arguments: change });
    const { planId } = (planned.structuredContent as { result: { planId: string } }).result;
    const apply = { tool: "apply_change", arguments: { planId } };
    const applied = await client.callTool({ name: "run_tool", arguments: apply });
    // A running server is stateless over HTTP: clients of 2025 approve with `sophia approve` there.
    const isAsked = way === "alone" || era !== "2025";
    expect(questions).toHaveLength(isAsked ? 1 : 0);
    expect(JSON.stringify(applied)).toContain(isAsked ? '"state":"v2"' : "approval_required");
    expect(faults).toEqual([]);
  });
});

test("a port that changes hands while a proxy lives gets no bearer", async () => {
  const stdio = await startStdio("beside a running server");
  stdio.call("echo_text", { text: "x" }, 1);
  await vi.waitFor(() => expect(stdio.messages()).toHaveLength(1), waitFor);
  stdio.running?.kill("SIGKILL");
  const heard: string[] = [];
  const imposter = createServer((request, response) => {
    heard.push(...request.rawHeaders.map((text) => text.toLowerCase()));
    response.end("{}");
  });
  cleanUp.push(() => imposter.close());
  await vi.waitFor(
    () =>
      new Promise<void>((resolve, reject) => {
        imposter.once("error", reject).listen(port, "127.0.0.1", resolve);
      }),
    waitFor,
  );
  stdio.call("echo_text", { text: "x" }, 2);
  await vi.waitFor(() => expect(stdio.messages()).toHaveLength(2), waitFor);
  expect(stdio.messages()[1]).toMatchObject({ id: 2, error: { code: -31_000 } });
  expect(heard).toContain("x-sophia-challenge");
  expect(heard).not.toContain("authorization");
});

test("stdout is the protocol's: what else is printed there goes to stderr", async () => {
  const module = JSON.stringify(new URL("./stdio-writer.ts", import.meta.url).href);
  const script = startScript(`import { divertStdout, StdioWriter } from ${module};
    const writer = new StdioWriter(process.stdout);
    process.stderr.write = () => true;
    divertStdout();
    console.log("noise of a library");
    writer.send("protocol");`);
  await script.ended;
  expect(script.lines).toEqual(["protocol"]);
});

test("whatever holds the process, it ends after its client", async () => {
  const module = JSON.stringify(new URL("./stdio-process.ts", import.meta.url).href);
  const script = startScript(`import { StdioProcess } from ${module};
    setInterval(() => {}, 1_000);
    const backend = { request: async () => {}, tell() {}, close: async () => {} };
    await new StdioProcess({ debug() {} }).serve(backend, 1_000);`);
  const from = performance.now();
  const { code } = await script.ended;
  expect(code).toBe(0);
  expect(performance.now() - from).toBeLessThan(10_000);
});
