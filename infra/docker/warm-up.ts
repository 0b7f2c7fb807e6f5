// Run while the image is built: starts each server once and stops it when it is ready, so that its modules land in
// the compile cache (Node writes it on exit). An image whose servers do not start and end cleanly is not built.
import { fork } from "node:child_process";
import { serverNodeFlags } from "../../packages/core/src/mcp/node-flags.ts";

const deadlineMs = 120_000;

function startAndStop(server: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = fork(`servers/${server}/src/main.ts`, [], { execArgv: [...serverNodeFlags] });
    const timer = setTimeout(() => child.kill("SIGKILL"), deadlineMs);
    // The first message says that it is ready.
    child.once("message", () => child.kill("SIGTERM"));
    child.once("exit", (code, signal) => {
      clearTimeout(timer);
      if (code === 0) resolve();
      else reject(new Error(`The ${server} server ended with ${code ?? signal}.`));
    });
  });
}

// The supervisor's own modules; without a command the program only loads them.
await import("../../packages/cli/src/commands/up.ts");
// One after the other: what two servers share is compiled and written once.
for (const server of ["ai", "data", "infra", "bi"]) await startAndStop(server);
