import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { formatCommand } from "../config/command-line.ts";
import { AppError } from "../errors/app-error.ts";

const timeoutMs = 10_000;

export interface TestCallResult {
  /** Names of the listed tools. */
  tools: string[];
  durationMs: number;
}

/**
 * What a client does first: connect, list the tools, call one that only reads. Throws AppError with what to do when the
 * server is away or refuses the bearer. `url` ends in /mcp.
 */
export async function makeTestCall(options: { url: string; bearer: string }): Promise<TestCallResult> {
  const startedAt = performance.now();
  const client = new Client({ name: "sophia-cli", version: "1.0.0" }, { capabilities: {} });
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    await client.connect(
      new StreamableHTTPClientTransport(new URL(options.url), {
        requestInit: { headers: { authorization: `Bearer ${options.bearer}` }, signal },
      }),
      { timeout: timeoutMs },
    );
    const { tools } = await client.listTools({}, { timeout: timeoutMs });
    const called = await client.callTool({ name: "find_tools", arguments: { limit: 1 } }, { timeout: timeoutMs });
    if (called.isError === true) throw new AppError("upstream", `The server at ${options.url} answered with an error.`);
    return { tools: tools.map(({ name }) => name), durationMs: performance.now() - startedAt };
  } catch (error) {
    throw explain(error, options.url);
  } finally {
    // An unanswered goodbye must not hold the command.
    await Promise.race([client.close().catch(() => {}), new Promise((resolve) => setTimeout(resolve, 500).unref())]);
  }
}

function explain(error: unknown, url: string): AppError {
  if (error instanceof AppError) return error;
  const text = error instanceof Error ? error.message : "";
  if (/\b401\b|unauthori[sz]ed/i.test(text)) {
    return new AppError("denied", `The server at ${url} does not accept this token.`, {
      hint: `Make another with: ${formatCommand("token create --name cursor --scope read,write")}`,
      cause: error,
    });
  }
  return new AppError("unavailable", `Nobody answers at ${url}.`, {
    hint: "Start the servers with: npm start",
    cause: error,
  });
}
