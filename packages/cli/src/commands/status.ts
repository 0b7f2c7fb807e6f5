import { checkDataDir } from "@sophia/core/config/check-data-dir";
import type { PlatformConfig } from "@sophia/core/config/platform-config";
import { findLockHolder } from "@sophia/core/store/data-lock";
import { z } from "zod";
import { formatTable } from "../format-table.ts";
import { formatServerUrl, serverList } from "../server-list.ts";
import type { ServerEntry } from "../server-list.ts";
import type { CommandContext } from "./command-context.ts";

const timeoutMs = 2_000;

/** The parts of a server's /healthz that are shown. */
const Health = z.object({
  startedAt: z.string().optional(),
  checks: z.array(z.object({ name: z.string(), ok: z.boolean(), detail: z.string().default("") })).default([]),
});

export interface ServerReport {
  id: string;
  title: string;
  state: "ready" | "not ready" | "down";
  url: string;
  detail: string;
  /** ISO 8601. */
  startedAt: string | undefined;
}

/** Asks the running servers how they are. Exit code 0 when all four are ready. */
export async function runStatus({ config, terminal }: CommandContext, options: { json: boolean }): Promise<number> {
  const reports = await Promise.all(serverList.map((server) => fetchReport(config.platform, server)));
  if (options.json) {
    terminal.print(JSON.stringify({ servers: reports }));
  } else {
    const rows = reports.map(({ title, state, url, detail }) => [title, state, `${url}/mcp`, detail]);
    terminal.print(formatTable(["SERVER", "STATE", "URL", "DETAIL"], rows, terminal.columns));
    if (reports.every(({ state }) => state === "down")) {
      terminal.note("\nNothing runs. Start with: npm start");
      // What would stop that start as well.
      checkDataDir(config.platform.dataDir);
    }
  }
  return reports.every(({ state }) => state === "ready") ? 0 : 1;
}

async function fetchReport(platform: PlatformConfig, { id, title }: ServerEntry): Promise<ServerReport> {
  const url = formatServerUrl(platform, id);
  try {
    const response = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(timeoutMs), redirect: "error" });
    const health = Health.parse(await response.json());
    const broken = health.checks
      .filter(({ ok }) => !ok)
      .map(({ name, detail }) => (detail === "" ? name : `${name}: ${detail}`));
    const detail =
      broken.length > 0 ? broken.join("; ") : health.startedAt === undefined ? "" : `since ${health.startedAt}`;
    return { id, title, state: response.ok ? "ready" : "not ready", url, detail, startedAt: health.startedAt };
  } catch (error) {
    return { id, title, state: "down", url, detail: explainSilence(platform, id, error), startedAt: undefined };
  }
}

function explainSilence(platform: PlatformConfig, id: string, error: unknown): string {
  if (error instanceof Error && error.name === "TimeoutError") return `no answer within ${timeoutMs / 1_000} s`;
  if (error instanceof z.ZodError || error instanceof SyntaxError) return "what answers there is not Sophia";
  const holder = findLockHolder(platform.dataDir, id);
  if (holder === undefined) return "not started";
  return `process ${holder.pid ?? "unknown"} keeps it, but it does not answer; it may be restarting`;
}
