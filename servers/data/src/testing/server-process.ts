import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { childEnvironment } from "@sophia/core/testing/child-environment";
import { findFreePort } from "@sophia/core/testing/peers";

export interface ServerProcess {
  /** Calls a tool as an MCP client of the 2025 era does, without session. */
  call(tool: string, args: object): Promise<ToolAnswer>;
  /** Ends the process at once, as a power cut would. */
  kill(): Promise<void>;
  /** Everything written to stderr. */
  log(): string;
}

export interface ToolAnswer {
  isError?: boolean;
  structuredContent?: Record<string, unknown>;
  content: { type: string; text: string }[];
}

const bearer = "test-bearer-0123456789-0123456789-abcdef";

/** The Data server as `sophia up` starts it: its own process, its own port, a data directory that outlives it. */
export async function startServerProcess(dataDir: string, settings: Record<string, string>): Promise<ServerProcess> {
  const port = await findFreePort();
  const child = spawn(process.execPath, [fileURLToPath(new URL("../main.ts", import.meta.url))], {
    stdio: ["ignore", "ignore", "pipe"],
    env: {
      ...childEnvironment(),
      HOME: dataDir,
      SOPHIA_DATA_DIR: dataDir,
      SOPHIA_TOKEN: bearer,
      SOPHIA_PORT_DATA: String(port),
      ...settings,
    },
  });
  let log = "";
  child.stderr.on("data", (chunk: Buffer) => (log += chunk.toString()));
  await waitUntilReady(child, () => log);
  let nextId = 1;
  return {
    log: () => log,
    async call(tool, args) {
      const answer = await fetch(`http://127.0.0.1:${port}/mcp`, {
        method: "POST",
        headers: {
          authorization: `Bearer ${bearer}`,
          "content-type": "application/json",
          accept: "application/json, text/event-stream",
        },
        body: JSON.stringify({
          jsonrpc: "2.0",
          id: nextId++,
          method: "tools/call",
          params: { name: tool, arguments: args },
        }),
        signal: AbortSignal.timeout(60_000),
      });
      const body = (await answer.json()) as { result?: ToolAnswer };
      if (!body.result) throw new Error(`${tool} was not answered: ${answer.status} ${JSON.stringify(body)}`);
      return body.result;
    },
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      await gone;
    },
  };
}

async function waitUntilReady(child: ChildProcess, log: () => string): Promise<void> {
  const giveUpAt = performance.now() + 40_000;
  while (!log().includes("is ready")) {
    if (child.exitCode !== null || performance.now() > giveUpAt) throw new Error(`The server did not start:\n${log()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
