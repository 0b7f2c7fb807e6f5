import { type ChildProcess, fork, spawn } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { serverNodeFlags } from "@sophia/core/mcp/node-flags";

/** One gateway in a process of its own. */
export interface Contender {
  name: string;
  pid: number;
  url: string;
  headers: Record<string, string>;
  stop(): Promise<void>;
  /** Only ours: asks for the event loop's delay since the last question, p99 in ms. */
  askLoopDelay?(): Promise<number>;
}

const children: ChildProcess[] = [];
// Also when a contender fails: nothing is left behind.
process.once("exit", () => {
  for (const child of children) child.kill("SIGKILL");
});

export async function startScript(
  name: string,
  file: string,
  options: { arguments?: readonly string[]; flags?: readonly string[]; environment?: Record<string, string> } = {},
): Promise<Contender> {
  const child = fork(new URL(file, import.meta.url), [...(options.arguments ?? [])], {
    execArgv: [...(options.flags ?? [])],
    env: { ...process.env, ...options.environment },
  });
  children.push(child);
  const ready = await nextMessage<{ port: number; bearer?: string }>(child, name);
  return {
    name,
    pid: child.pid ?? 0,
    url: `http://127.0.0.1:${ready.port}`,
    headers: ready.bearer === undefined ? {} : { authorization: `Bearer ${ready.bearer}` },
    stop: () => stop(child),
    async askLoopDelay() {
      child.send("loop delay");
      return (await nextMessage<{ loopDelayMs: number }>(child, name)).loopDelayMs;
    },
  };
}

/** As it is run in production: with the flags and the compiled code that our supervisor gives its servers. */
export async function startOurs(upstreamUrl: string, folder: string): Promise<Contender> {
  const environment = { NODE_COMPILE_CACHE: join(folder, "compile-cache") };
  const start = () => {
    const dataDir = mkdtempSync(join(folder, "data-"));
    return startScript("Sophia", "./ours.ts", {
      arguments: [upstreamUrl, dataDir],
      flags: serverNodeFlags,
      environment,
    });
  };
  // The code is compiled by a first start; it is there for all others.
  await (await start()).stop();
  return await start();
}

export async function startPortkey(upstreamUrl: string): Promise<Contender> {
  const port = await findFreePort();
  const entry = join(import.meta.dirname, "../node_modules/@portkey-ai/gateway/build/start-server.js");
  const child = spawn(process.execPath, [entry, "--headless", `--port=${port}`], {
    env: { ...process.env, NODE_ENV: "production" },
    stdio: "ignore",
  });
  children.push(child);
  const url = `http://127.0.0.1:${port}`;
  await untilAnswers(url);
  const custom = { "x-portkey-provider": "openai", "x-portkey-custom-host": `${upstreamUrl}/v1` };
  const headers = { ...custom, authorization: "Bearer bench" };
  return { name: "Portkey 1.15.2", pid: child.pid ?? 0, url, headers, stop: () => stop(child) };
}

async function stop(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once("exit", resolve));
  if (child.connected) child.disconnect();
  else child.kill();
  await ended;
}

function nextMessage<Message>(child: ChildProcess, name: string): Promise<Message> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null) => reject(new Error(`${name} exited with ${code}`));
    child.once("exit", onExit);
    child.once("message", (message) => {
      child.off("exit", onExit);
      resolve(message as Message);
    });
  });
}

async function untilAnswers(url: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    if (await fetch(url).catch(() => undefined)) return;
    await delay(100);
  }
  throw new Error(`Nothing answers at ${url}.`);
}

function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}
