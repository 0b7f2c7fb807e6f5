import { Client as ModernClient, StreamableHTTPClientTransport as ModernHttp } from "@modelcontextprotocol/client";
import { StdioClientTransport as ModernStdio } from "@modelcontextprotocol/client/stdio";
import { Client as LegacyClient } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport as LegacyStdio } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport as LegacyHttp } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

/** What both official clients can do, in one shape. */
export interface AnyClient {
  listTools(): Promise<{ tools: { name: string }[] }>;
  callTool(call: { name: string; arguments: Record<string, unknown> }): Promise<CallResult>;
  close(): Promise<void>;
}

export interface CallResult {
  isError?: boolean | undefined;
  structuredContent?: unknown;
  content?: unknown;
}

export type Reach =
  | { kind: "http"; url: string; bearer: string }
  | { kind: "stdio"; script: string; environment: Record<string, string> };

const info = { name: "end-to-end", version: "1.0.0" };

/** The 2025 era, as Cursor speaks it. */
export async function connectLegacy(reach: Reach): Promise<AnyClient> {
  const client = new LegacyClient(info);
  const transport =
    reach.kind === "http"
      ? new LegacyHttp(new URL(`${reach.url}/mcp`), { requestInit: authorize(reach.bearer) })
      : new LegacyStdio(stdioOptions(reach));
  // The transport's optional members are wider than exactOptionalPropertyTypes allows in the SDK's own types.
  await client.connect(transport as never);
  return client as unknown as AnyClient;
}

/** 2026-07-28. */
export async function connectModern(reach: Reach): Promise<AnyClient> {
  const client = new ModernClient(info, { versionNegotiation: { mode: { pin: "2026-07-28" } } });
  const transport =
    reach.kind === "http"
      ? new ModernHttp(new URL(`${reach.url}/mcp`), { requestInit: authorize(reach.bearer) })
      : new ModernStdio(stdioOptions(reach));
  await client.connect(transport as never);
  return client as unknown as AnyClient;
}

function authorize(bearer: string): RequestInit {
  return { headers: { authorization: `Bearer ${bearer}` } };
}

function stdioOptions(reach: Reach & { kind: "stdio" }) {
  return {
    command: process.execPath,
    args: [reach.script, "--stdio"],
    env: reach.environment,
    stderr: "ignore" as const,
  };
}
