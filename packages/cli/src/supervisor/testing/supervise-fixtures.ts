import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { setTimeout as delay } from "node:timers/promises";
import { pino } from "pino";
import { findFreePort } from "../../../../core/src/testing/peers.ts";
import type { RestartLimits } from "../restart-policy.ts";
import { defaultLimits } from "../restart-policy.ts";
import type { ServerSpec, ServerStatus } from "../server-process.ts";
import { createSupervisor } from "../supervisor.ts";
import type { Supervisor } from "../supervisor.ts";

const fixturePath = fileURLToPath(new URL("./fixture-server.ts", import.meta.url));

export async function describeFixture(id: string, environment: Record<string, string> = {}): Promise<ServerSpec> {
  const port = await findFreePort();
  return {
    id,
    title: `Fixture ${id}`,
    main: fixturePath,
    arguments: [],
    nodeFlags: [],
    environment: { PATH: process.env["PATH"] ?? "", SOPHIA_PORT_FIXTURE: String(port), ...environment },
    host: "127.0.0.1",
    port,
  };
}

/** Supervised fixtures with everything that was told about them. `await using` stops them. */
export async function superviseFixtures(
  specs: readonly ServerSpec[],
  limits: Partial<RestartLimits> = {},
): Promise<{
  supervisor: Supervisor;
  history: ServerStatus[];
  givenUp: ServerStatus[];
  status(id: string): ServerStatus;
  [Symbol.asyncDispose](): Promise<void>;
}> {
  const history: ServerStatus[] = [];
  const givenUp: ServerStatus[] = [];
  const supervisor = createSupervisor({
    servers: specs,
    limits: { ...defaultLimits, ...limits },
    log: pino({ level: "silent" }),
    execPath: process.execPath,
    scrub: (text) => text.replaceAll("canary-9f31", "***"),
    onChange: (status) => void history.push(status),
    onGivenUp: (status) => void givenUp.push(status),
  });
  await supervisor.start();
  return {
    supervisor,
    history,
    givenUp,
    status(id) {
      const found = supervisor.status().find((status) => status.id === id);
      if (!found) throw new Error(`No server ${id}`);
      return found;
    },
    async [Symbol.asyncDispose]() {
      supervisor.kill();
      await supervisor.stop();
    },
  };
}

/** Milliseconds until the condition held. Fails after `withinMs`. */
export async function measureUntil(condition: () => boolean | Promise<boolean>, withinMs: number): Promise<number> {
  const startedAt = performance.now();
  while (!(await condition())) {
    if (performance.now() - startedAt > withinMs) throw new Error(`The condition did not hold within ${withinMs} ms`);
    await delay(10);
  }
  return performance.now() - startedAt;
}

/** The answer of a fixture, or `undefined` when it does not answer within a second. */
export async function ask(port: number, path = "/"): Promise<string | undefined> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(1_000) });
    return response.ok ? await response.text() : undefined;
  } catch {
    return undefined;
  }
}

/** False for a process that ended, also when its new parent has not collected it yet. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    const stat = existsSync("/proc/self/stat") ? readFileSync(`/proc/${pid}/stat`, "utf8") : "";
    return !/\) [ZX] /.test(stat);
  } catch {
    return false;
  }
}
