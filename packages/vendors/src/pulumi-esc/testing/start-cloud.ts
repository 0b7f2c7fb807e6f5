import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Secret } from "@sophia/core/config/secret";
import { systemClock } from "@sophia/core/limits/clock";
import { createKeyring } from "@sophia/core/secrets/backend/local/keyring";
import { createLocalBackend, type LocalBackend } from "@sophia/core/secrets/backend/local/local-backend";
import { toWire } from "@sophia/core/secrets/esc/to-wire";
import type { OpenProvider, Rotator } from "@sophia/core/secrets/esc/surroundings";
import { startEscServer, type EscServer } from "@sophia/simulators/pulumi-esc/esc-server";
import pino from "pino";
import { hasSpecification, readSpecification, type Specification } from "./specification.ts";
import { type CloudBackend, createCloudBackend } from "../cloud-backend.ts";

export const organisation = "acme";
export const token = `pul-${"c0ffee42".repeat(5)}`;

export interface StartedCloud {
  /** Our client of it. */
  backend: CloudBackend;
  server: EscServer;
  local: LocalBackend;
  /** What was logged, as JSON lines. */
  logged(): string;
  /** Where answers did not agree with the vendor's specification. */
  disagreements: string[];
  specification: Specification | undefined;
  close(): Promise<void>;
}

/** The REST contract over a local store in a folder of its own, and our client of it. */
export async function startCloud(
  options: {
    providers?: {
      findProvider?(name: string): OpenProvider | undefined;
      findRotator?(name: string): Rotator | undefined;
    };
    timeoutMs?: number;
  } = {},
): Promise<StartedCloud> {
  const folder = mkdtempSync(join(tmpdir(), "sophia-cloud-"));
  const local = createLocalBackend({
    folder,
    keyring: createKeyring(Buffer.alloc(32, 9)),
    author: "ada",
    clock: systemClock,
    ...(options.providers && { providers: options.providers }),
  });
  const specification = hasSpecification ? readSpecification() : undefined;
  const disagreements: string[] = [];
  const server = await startEscServer({
    backend: local,
    toWire,
    organisation,
    token,
    user: "ada",
    onAnswer: (exchange) => void disagreements.push(...(specification?.compare(exchange) ?? [])),
  });
  const lines: string[] = [];
  const log = pino({ level: "trace" }, { write: (line: string) => void lines.push(line) });
  const backend = createCloudBackend({
    organisation,
    token: new Secret(token),
    baseUrl: server.url,
    log,
    ...(options.timeoutMs !== undefined && { timeoutMs: options.timeoutMs }),
  });
  return {
    backend,
    server,
    local,
    disagreements,
    specification,
    logged: () => lines.join(""),
    async close() {
      await backend.close();
      await server.close();
      rmSync(folder, { recursive: true });
    },
  };
}
