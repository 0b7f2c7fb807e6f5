import { AppError } from "@sophia/core/errors/app-error";
import type { Clock } from "@sophia/core/limits/clock";
import type { ModelEndpoint } from "@sophia/vendors/openai-shape/model-endpoint";
import { createPortkeyClient } from "@sophia/vendors/portkey/client";
import type { ExportColumn, ExportStatus, LogExports } from "@sophia/vendors/portkey/log-exports";
import type { Logger } from "pino";

export interface ProviderLog {
  exportId: string;
  state: ExportStatus;
  /** Of a new export only. */
  rows?: number;
  /** Address of the finished file, lines of JSON; whoever has it can read the file for a while. */
  address?: string;
  mode: ModelEndpoint["mode"];
}

/** Copies of the log of a gateway that routes calls: what was called, when, with what cost; never what was said. */
export interface ProviderLogs {
  /** Throws AppError `not_configured` where no such gateway is in use. */
  start(range: { since: number; until: number }, signal: AbortSignal): Promise<ProviderLog>;
  /** Waits for the file as long as `forMs`. */
  wait(exportId: string, options: { forMs: number; signal: AbortSignal }): Promise<ProviderLog>;
  close(): Promise<void>;
}

const columns: readonly ExportColumn[] = [
  "id",
  "trace_id",
  "created_at",
  "is_success",
  "ai_org",
  "ai_model",
  "req_units",
  "res_units",
  "total_units",
  "cost",
  "cost_currency",
  "response_time",
  "response_status_code",
];

export function createProviderLogs(options: {
  endpoints: readonly ModelEndpoint[];
  log: Logger;
  clock: Clock;
  /** Between two looks at an export. Default 2 s. */
  pollMs?: number;
}): ProviderLogs {
  const { log, clock, pollMs = 2_000 } = options;
  const endpoint = options.endpoints.find(({ service, apiKey }) => service === "portkey" && apiKey !== undefined);
  const client =
    endpoint?.apiKey && createPortkeyClient({ apiKey: endpoint.apiKey, baseUrl: endpoint.baseUrl, log, clock });

  function reach(): { exports: LogExports; mode: ModelEndpoint["mode"] } {
    if (client && endpoint) return { exports: client, mode: endpoint.mode };
    throw new AppError("not_configured", "No gateway with a log of its own is in use.", {
      hint: "Set PORTKEY_API_KEY; `npm run sophia -- doctor` shows what it needs. Our own log is in list_traces and report_usage.",
    });
  }

  return {
    async start({ since, until }, signal) {
      const { exports, mode } = reach();
      const { id, rows } = await exports.startExport({ from: since, until, columns }, signal);
      return { exportId: id, state: "in_progress", rows, mode };
    },
    async wait(exportId, { forMs, signal }) {
      const { exports, mode } = reach();
      const until = clock.monotonic() + forMs;
      for (;;) {
        const state = await exports.fetchExportStatus(exportId, signal);
        if (state === "success") {
          return { exportId, state, mode, address: await exports.fetchExportAddress(exportId, signal) };
        }
        const isOver = state === "failed" || state === "stopped";
        if (isOver || clock.monotonic() + pollMs > until) return { exportId, state, mode };
        await clock.sleep(pollMs, signal);
      }
    },
    async close() {
      await client?.close();
    },
  };
}
