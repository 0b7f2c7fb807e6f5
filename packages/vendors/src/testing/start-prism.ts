import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Exchange } from "@sophia/core/testing/contract/exchange";
import { z } from "zod";

/** Installed by `pnpm bench contract`, never by `npm test`: 183 packages and 74 MB. */
const bench = fileURLToPath(new URL("../../bench/", import.meta.url));
const program = join(bench, "node_modules", "@stoplight", "prism-cli", "dist", "index.js");
const startTimeoutMs = 30_000;
const stopTimeoutMs = 2_000;

export interface Prism {
  /** Stands in for the upstream; its paths are those of the specification, without a base path. */
  url: string;
  close(): Promise<void>;
}

/** One disagreement between an exchange and the specification, in Prism's words. */
export interface PrismViolation {
  exchange: string;
  /** `request.query.limit`, `response.body.data.status`. */
  location: string;
  message: string;
}

/**
 * Prism as a proxy between a client and a simulator: a check by other people's code of both sides. Answers pass
 * unchanged; what does not agree is told in a header, which {@link readViolations} reads. `undefined`: not installed.
 */
export async function startPrism(options: { specification: string; upstream: string }): Promise<Prism | undefined> {
  if (!existsSync(program)) return undefined;
  const child = spawn(
    process.execPath,
    [program, "proxy", "-h", "127.0.0.1", "-p", "0", options.specification, options.upstream],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  try {
    return { url: await readAddress(child), close: () => stop(child) };
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
}

async function readAddress(child: ChildProcess): Promise<string> {
  let said = "";
  const address = new Promise<string | undefined>((resolve) => {
    const listen = (chunk: Buffer): void => {
      said = `${said}${chunk.toString("utf8")}`.slice(-20_000);
      const found = /Prism is listening on (http:\/\/127\.0\.0\.1:\d+)/.exec(said)?.[1];
      if (found !== undefined) resolve(found);
    };
    child.stdout?.on("data", listen);
    child.stderr?.on("data", listen);
    child.once("exit", () => resolve(undefined));
  });
  const found = await Promise.race([address, delay(startTimeoutMs, undefined, { ref: false })]);
  if (found === undefined) throw new Error(`Prism did not start: ${said.slice(-500)}`);
  return found;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.kill("SIGTERM");
  await Promise.race([ended, delay(stopTimeoutMs, undefined, { ref: false })]);
  child.kill("SIGKILL");
}

const Told = z.array(z.object({ location: z.array(z.union([z.string(), z.number()])), message: z.string() }));

/** From an exchange recorded before Prism: client → recorder → Prism → simulator. */
export function readViolations({ method, path, headers }: Exchange): PrismViolation[] {
  const told = headers["sl-violations"];
  if (told === undefined) return [];
  return Told.parse(JSON.parse(told)).map(({ location, message }) => ({
    exchange: `${method} ${path.split("?")[0]}`,
    location: location.join("."),
    message,
  }));
}
