import { createAlertEvents } from "@sophia/core/store/alert-events";
import type { ServerStatus } from "../supervisor/server-process.ts";
import { withStore } from "../with-store.ts";
import type { CommandContext } from "./command-context.ts";

/** Tells the other servers and the console that one is down for good. The supervisor goes on when that fails. */
export async function writeGivenUpAlert(context: CommandContext, status: ServerStatus): Promise<void> {
  const at = Date.now();
  try {
    await withStore(context.config, context.log, async (store) => {
      await createAlertEvents({ store }).write({
        at,
        server: "supervisor",
        kind: "server_down",
        severity: "critical",
        title: `${status.title} was given up: ${status.state}`,
        detail: [status.reason ?? "", ...status.lastLines].join("\n").slice(0, 10_000),
        key: `supervisor ${process.pid} ${at} ${status.id} ${status.state}`,
      });
    });
  } catch (error) {
    context.log.error({ err: error, child: status.id }, "alert could not be written");
  }
}
