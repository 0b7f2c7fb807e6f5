import { spawn } from "node:child_process";
import { constants } from "node:os";
import { serverNodeFlags } from "@sophia/core/mcp/node-flags";
import { findServerMain, selectServers } from "../server-list.ts";
import { describeServerEnvironment } from "./up.ts";
import type { CommandContext } from "./command-context.ts";

/** Serves the client that started us: the streams are its own, so nothing of ours may write to stdout. */
export async function runStdio(context: CommandContext, id: string): Promise<number> {
  const [server] = selectServers([id]);
  if (server === undefined) return 1;
  const flags = ["--disable-sigusr1", ...serverNodeFlags];
  const child = spawn(process.execPath, [...flags, findServerMain(server.id), "--stdio"], {
    stdio: "inherit",
    env: describeServerEnvironment(context, server.id),
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => child.kill(signal));
  process.once("disconnect", () => child.kill("SIGTERM"));
  process.channel?.unref();
  return await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
  });
}
