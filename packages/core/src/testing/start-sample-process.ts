import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { serverNodeFlags } from "../mcp/node-flags.ts";
import { childEnvironment } from "./child-environment.ts";

export interface SampleProcessOptions {
  /** Runs the server under `ulimit -n`. */
  limitFiles?: number;
  callerLimits?: false;
}

/** The sample server in its own process. */
export async function startSampleProcess(options: SampleProcessOptions = {}) {
  const dataDir = mkdtempSync(join(tmpdir(), "sophia-sample-"));
  const bearer = "sophia_all_sample-0123456789abcdef0123456789abcdef";
  const port = await freePort();
  const main = fileURLToPath(new URL("./sample-main.ts", import.meta.url));
  const flags = options.callerLimits === false ? ["--no-caller-limits"] : [];
  const command = [process.execPath, ...serverNodeFlags, main, ...flags];
  const limit = options.limitFiles === undefined ? "" : `ulimit -n ${options.limitFiles}; `;
  const child = spawn("bash", ["-c", `${limit}exec "$@"`, "bash", ...command], {
    stdio: ["ignore", "ignore", "pipe"],
    env: {
      ...childEnvironment(),
      SOPHIA_DATA_DIR: dataDir,
      SOPHIA_TOKEN: bearer,
      SOPHIA_PORT_AI: String(port),
      SOPHIA_LOG_LEVEL: "warn",
    },
  });
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => (stderr = (stderr + chunk.toString()).slice(-20_000)));
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const url = `http://127.0.0.1:${port}`;
  for (let attempt = 0; attempt < 200; attempt++) {
    const answer = await fetch(`${url}/livez`).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer?.ok) break;
    await delay(100);
  }
  return {
    url,
    port,
    bearer,
    child,
    exited,
    stderr: () => stderr,
    async stop() {
      child.kill("SIGKILL");
      await exited;
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const socket = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => socket.once("listening", resolve));
  const { port } = socket.address() as AddressInfo;
  await new Promise((resolve) => socket.close(resolve));
  return port;
}
