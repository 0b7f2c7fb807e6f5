// https://portkey.ai/docs/product/enterprise-offering/logs-export
import { AppError } from "@sophia/core/errors/app-error";
import type { Http } from "@sophia/core/http/http";
import { apiPath } from "@sophia/core/http/target";
import { z } from "zod";

export type ExportStatus = "draft" | "in_progress" | "success" | "failed" | "stopped";

/** Copies of Portkey's log, made by it in the background. */
export interface LogExports {
  /** Makes an export of the calls of a time range (wall clock, ms) and starts it. */
  startExport(
    request: { from: number; until: number; columns: readonly ExportColumn[] },
    signal: AbortSignal,
  ): Promise<{ id: string; rows: number }>;
  fetchExportStatus(id: string, signal: AbortSignal): Promise<ExportStatus>;
  cancelExport(id: string, signal: AbortSignal): Promise<void>;
  /** Address of the finished file, lines of JSON; whoever has it can read the file. */
  fetchExportAddress(id: string, signal: AbortSignal): Promise<string>;
}

/** Of the columns there are, those without what was said. */
export type ExportColumn =
  | "id"
  | "trace_id"
  | "created_at"
  | "is_success"
  | "ai_org"
  | "ai_model"
  | "req_units"
  | "res_units"
  | "total_units"
  | "cost"
  | "cost_currency"
  | "response_time"
  | "response_status_code"
  | "metadata";

const Made = z.object({ id: z.string().min(1), total: z.number().int().min(0) });
const Export = z.object({ status: z.enum(["draft", "in_progress", "success", "failed", "stopped"]) });
const Done = z.object({ message: z.string().optional() });
const Download = z.object({ signed_url: z.url() });

export function createLogExports(http: Http): LogExports {
  const operation = "logs";
  return {
    async startExport({ from, until, columns }, signal) {
      const filters = {
        time_of_generation_min: new Date(from).toISOString(),
        time_of_generation_max: new Date(until).toISOString(),
      };
      const body = { filters, requested_data: columns };
      const { data } = await http.request({
        method: "POST",
        path: "/logs/exports",
        body,
        schema: Made,
        signal,
        operation,
      });
      const path = apiPath`/logs/exports/${data.id}/start`;
      await http.request({ method: "POST", path, schema: Done, signal, operation });
      return { id: data.id, rows: data.total };
    },
    async fetchExportStatus(id, signal) {
      const path = apiPath`/logs/exports/${id}`;
      return (await http.request({ path, schema: Export, signal, operation })).data.status;
    },
    async cancelExport(id, signal) {
      const path = apiPath`/logs/exports/${id}/cancel`;
      await http.request({ method: "POST", path, schema: Done, signal, operation });
    },
    async fetchExportAddress(id, signal) {
      const path = apiPath`/logs/exports/${id}/download`;
      const { data } = await http.request({ path, schema: Download, signal, operation });
      if (!/^https?:/.test(data.signed_url)) throw new AppError("upstream", "Portkey gave no address of a file.");
      return data.signed_url;
    },
  };
}
