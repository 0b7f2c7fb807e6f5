import { createRequestStateCodec, Server, type ServerContext } from "@modelcontextprotocol/server";
import { AppError } from "../errors/app-error.ts";
import type { Clock } from "../limits/clock.ts";
import type { Scrubber } from "../observe/scrub.ts";
import { readTraceContext } from "../observe/trace.ts";
import { InputRequired } from "./client-channel.ts";
import type { Resource, ServerDefinition } from "./define-server.ts";
import type { Caller } from "../approval/caller.ts";
import type { Dispatch } from "./dispatch.ts";
import type { CallAnswer } from "./format-answer.ts";
import { installPrompts } from "./install-prompts.ts";
import { installResources } from "./install-resources.ts";
import { createMethodGuard } from "./method-guard.ts";
import type { Policy } from "./policy.ts";
import {
  createChannel,
  createProgress,
  type ServedRequests,
  signalOf,
  type StateCodec,
  toInputRequired,
} from "./sdk-channel.ts";
import type { ToolTable } from "./tool-table.ts";

export interface ServerFactoryOptions<Services> {
  definition: ServerDefinition<Services>;
  version: string;
  table: ToolTable<Services>;
  resources: readonly Resource[];
  dispatch: Dispatch;
  policy: Policy;
  scrubber: Scrubber;
  clock: Clock;
  newRequestId(): string;
  /** 32 bytes; seals the state that travels through the client between two runs of an interactive tool. */
  stateKey: Uint8Array;
  /** MCP logging, deprecated in 2026-07-28: only the conformance fixture declares it. */
  logging?: boolean;
  /** Lists of ours are those of the release; only the conformance fixture tells of changes. */
  listsChange?: boolean;
}

/** Lists change only with a new release; clients may keep them for five minutes. */
export const listCacheHint = { ttlMs: 300_000, cacheScope: "private" } as const;

/**
 * Makes the SDK's low-level server over frozen tables, one for each request: registering tools anew on each request
 * costs `McpServer` twice as much, and an instance shared by callers leaks answers (CVE-2026-25536).
 */
export function createServerFactory<Services>(
  options: ServerFactoryOptions<Services>,
): (caller: Caller, served?: ServedRequests) => Server {
  const { definition, table, resources } = options;
  const codec = createRequestStateCodec<Record<string, unknown>>({
    key: options.stateKey,
    bind: (context) => `${context.mcpReq.method}\0${context.http?.authInfo?.clientId ?? "stdio"}`,
  });
  const prompts = new Map(definition.prompts.map((prompt) => [prompt.name, prompt]));
  const serverInfo = { name: `sophia-${definition.id}`, title: definition.title, version: options.version };
  const changes = options.listsChange ? { listChanged: true } : {};
  const capabilities = {
    tools: { ...changes },
    resources: { subscribe: true, ...changes },
    prompts: { ...changes },
    completions: {},
    ...(options.logging ? { logging: {} } : {}),
  };

  return function createServer(caller, served = {}) {
    const server = new Server(serverInfo, {
      capabilities,
      instructions: definition.instructions,
      requestState: { verify: codec.verify },
      cacheHints: {
        "tools/list": listCacheHint,
        "prompts/list": listCacheHint,
        "resources/list": listCacheHint,
        "resources/templates/list": listCacheHint,
      },
    });
    const guard = createMethodGuard(options, caller, served);
    const canWrite = caller.scopes.includes("write");
    server.setRequestHandler("tools/list", async () => ({
      tools: [...table.listed[canWrite ? "write" : "read"].tools] as never,
    }));
    server.setRequestHandler("tools/call", async ({ params }, context) => {
      if (options.dispatch.knows(params.name, caller)) {
        return await callThroughSdk(options, { server, caller, context, codec, request: params, served });
      }
      return await guard({ method: "tools/call", params, context }, () => {
        throw new AppError("not_found", "Unknown tool", { hint: "find_tools lists what there is." });
      });
    });
    installPrompts(server, prompts, { guard, codec, scrubber: options.scrubber });
    installResources(server, resources, { guard, caller });
    return server;
  };
}

interface SdkCall {
  server: Server;
  caller: Caller;
  context: ServerContext;
  codec: StateCodec;
  request: { name: string; arguments?: Record<string, unknown> | undefined };
  served: ServedRequests;
}

async function callThroughSdk<Services>(options: ServerFactoryOptions<Services>, call: SdkCall) {
  const { context } = call;
  try {
    const answer = await options.dispatch.call({
      name: call.request.name,
      arguments: call.request.arguments,
      caller: call.caller,
      requestId: options.newRequestId(),
      signal: signalOf(context, call.served),
      progress: createProgress(context, options.clock),
      client: createChannel(call.server, context, { scrubber: options.scrubber, stream: call.served.stream }),
      trace: readTraceContext(context.mcpReq._meta),
    });
    return toCallToolResult(answer);
  } catch (thrown) {
    if (!(thrown instanceof InputRequired)) throw thrown;
    return toInputRequired(thrown, call.codec, context);
  }
}

function toCallToolResult(answer: CallAnswer) {
  return {
    // Our own JSON, built by dispatch a moment ago.
    content: JSON.parse(answer.contentJson) as [],
    ...(answer.structuredJson === undefined
      ? {}
      : { structuredContent: JSON.parse(answer.structuredJson) as Record<string, unknown> }),
    ...(answer.isError ? { isError: true } : {}),
  };
}
