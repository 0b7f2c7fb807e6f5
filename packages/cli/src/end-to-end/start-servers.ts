import { type ChildProcess, spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo, createServer as createSocket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { childEnvironment } from "@sophia/core/testing/child-environment";

export const serverIds = ["ai", "data", "infra", "bi"] as const;
export type ServerId = (typeof serverIds)[number];

export const bearer = "sophia_all_end-to-end-0123456789abcdef0123456789abcdef";

const article = `<!doctype html><html lang="en"><head><title>The lighthouse of Aldmoor</title>
<meta name="author" content="M. Reyes"></head><body><article><h1>The lighthouse of Aldmoor</h1>
${"<p>The harbour lighthouse was repaired after the storm, and the keeper wrote down every ship that passed.</p>".repeat(8)}
</article></body></html>`;

export function scriptOf(id: ServerId): string {
  return fileURLToPath(new URL(`../../../../servers/${id}/src/main.ts`, import.meta.url));
}

/** `sophia up` with an environment of its own, and a small site to read. */
export async function startServers() {
  const dataDir = mkdtempSync(join(tmpdir(), "sophia-e2e-"));
  const site = await startSite(() => article);
  const ports = await freePorts(5);
  const environment = environmentFor(dataDir, site.host, ports);
  const up = startUp(environment, []);
  const urls = Object.fromEntries(serverIds.map((id, index) => [id, `http://127.0.0.1:${ports[index]}`]));
  await Promise.all(serverIds.map((id) => ready(urls[id] ?? "")));
  return {
    dataDir,
    environment,
    pageUrl: `http://${site.host}/aldmoor`,
    urls: urls as Record<ServerId, string>,
    async stop() {
      up.kill("SIGTERM");
      await new Promise((resolve) => up.once("exit", resolve));
      site.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** `sophia up` in a process group of its own, so that a test can kill all of it at once. */
export function startUp(environment: Record<string, string>, options: readonly string[]): ChildProcess {
  const main = fileURLToPath(new URL("../main.ts", import.meta.url));
  return spawn(process.execPath, [main, "up", ...options], {
    env: environment,
    cwd: fileURLToPath(new URL("../../../../", import.meta.url)),
    stdio: ["ignore", "ignore", "ignore"],
    detached: true,
  });
}

/** A site on loopback that allows robots and answers every other path with `page(path)`. */
export async function startSite(page: (path: string) => string): Promise<{ host: string; close(): void }> {
  const site = createServer((request, response) => {
    const isRobots = request.url === "/robots.txt";
    response.writeHead(200, { "content-type": isRobots ? "text/plain" : "text/html; charset=utf-8" });
    response.end(isRobots ? "User-agent: *\nAllow: /\n" : page(request.url ?? "/"));
  });
  await new Promise<void>((resolve) => site.listen(0, "127.0.0.1", resolve));
  return { host: `127.0.0.1:${(site.address() as AddressInfo).port}`, close: () => site.close() };
}

export function environmentFor(dataDir: string, siteHost: string, ports: readonly number[]): Record<string, string> {
  return {
    ...childEnvironment(),
    HOME: dataDir,
    SOPHIA_DATA_DIR: dataDir,
    SOPHIA_TOKEN: bearer,
    SOPHIA_SIMULATE: "1",
    SOPHIA_DATA_ALLOW_PRIVATE: siteHost,
    SOPHIA_LOG_LEVEL: "warn",
    SOPHIA_PORT_AI: String(ports[0]),
    SOPHIA_PORT_DATA: String(ports[1]),
    SOPHIA_PORT_INFRA: String(ports[2]),
    SOPHIA_PORT_BI: String(ports[3]),
    SOPHIA_PORT_CONSOLE: String(ports[4]),
  };
}

export async function ready(url: string): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt++) {
    const answer = await fetch(`${url}/readyz`).catch(() => undefined);
    if (answer?.ok) return;
    await delay(100);
  }
  throw new Error(`${url} did not become ready within 60 s`);
}

/** Ports that were free a moment ago, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    // Below the range from which the system gives every connection a port: one of those could be taken by another test
    // between the look and the server's start.
    const port = randomInt(15_000, 32_000);
    if (await isFree(port)) ports.add(port);
  }
  return [...ports];
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket();
    socket.once("error", () => resolve(false));
    socket.listen(port, "127.0.0.1", () => socket.close(() => resolve(true)));
  });
}
