import type { ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import type { Fault } from "./faults.ts";
import { sendJson } from "./json-body.ts";

/** The vendor's own body for a failure. `code` is a status, or a word of the vendor's. */
export type ErrorWording = (code: number | string, errorType: string | undefined) => unknown;

/** Faults that replace the whole answer. True when it has been given. */
export async function failEarly(
  fault: Fault | undefined,
  response: ServerResponse,
  wording: ErrorWording,
): Promise<boolean> {
  switch (fault?.kind) {
    case "status":
      if (fault.retryAfter !== undefined) response.setHeader("retry-after", fault.retryAfter);
      for (const [name, value] of Object.entries(fault.headers ?? {})) response.setHeader(name, value);
      sendJson(response, fault.status, fault.body ?? wording(fault.status, undefined));
      return true;
    case "error_in_200":
      sendJson(response, 200, wording(fault.code ?? 502, fault.errorType));
      return true;
    case "html":
      response.writeHead(200, { "content-type": "text/html" }).end("<html>VENDOR TEXT: maintenance</html>");
      return true;
    case "slow":
      await delay(fault.delayMs);
      return response.destroyed;
    case undefined:
    case "error_in_stream":
    case "cut":
    case "end_early":
    case "stall":
    case "malformed_event":
    case "no_usage":
    case "empty":
      return false;
  }
}
