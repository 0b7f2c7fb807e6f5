import {
  createRequestStateCodec,
  inputRequired,
  ProtocolError,
  ProtocolErrorCode,
  ResourceNotFoundError,
  Server,
  type InputRequests,
  type ServerContext,
} from "@modelcontextprotocol/server";
import { InputRequired } from "./client-channel.ts";
import type { Prompt, Resource, ServerDefinition } from "./define-server.ts";
import type { Caller, ClientChannel, ClientQuestion } from "./define-tool.ts";
import type { Dispatch } from "./dispatch.ts";
import type { CallAnswer } from "./format-answer.ts";
import type { ToolTable } from "./tool-table.ts";
import { matchTemplate } from "./uri-template.ts";

export interface ServerFactoryOptions<Services> {
  definition: ServerDefinition<Services>;
  version: string;
  table: ToolTable<Services>;
  resources: readonly Resource[];
  dispatch: Dispatch;
  newRequestId(): string;
  /** 32 bytes; seals the state that travels through the client between two runs of an interactive tool. */
  stateKey: Uint8Array;
  /** MCP logging, deprecated in 2026-07-28: only the conformance fixture declares it. */
  logging?: boolean;
}

/** Lists change only with a new release; clients may keep them for five minutes. */
export const listCacheHint = { ttlMs: 300_000, cacheScope: "private" } as const;

/**
 * Makes the SDK's low-level server over frozen tables, one for each request: registering tools anew on each request
 * costs `McpServer` twice as much, and an instance shared by callers leaks answers (CVE-2026-25536).
 */
export function createServerFactory<Services>(
  options: ServerFactoryOptions<Services>,
): (caller: Caller, stream?: { close(requestId: string | number): void }) => Server {
  const { definition, table, resources } = options;
  const codec = createRequestStateCodec<Record<string, unknown>>({
    key: options.stateKey,
    bind: (context) => `${context.mcpReq.method}\0${context.http?.authInfo?.clientId ?? "stdio"}`,
  });
  const prompts = new Map(definition.prompts.map((prompt) => [prompt.name, prompt]));
  const serverInfo = { name: `sophia-${definition.id}`, title: definition.title, version: options.version };
  const capabilities = {
    tools: { listChanged: true },
    resources: { subscribe: true, listChanged: true },
    prompts: { listChanged: true },
    completions: {},
    ...(options.logging ? { logging: {} } : {}),
  };

  return function createServer(caller, stream) {
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
    const canWrite = caller.scopes.includes("write");
    server.setRequestHandler("tools/list", async () => ({
      tools: [...table.listed[canWrite ? "write" : "read"].tools] as never,
    }));
    server.setRequestHandler("tools/call", async (request, context) => {
      if (!options.dispatch.knows(request.params.name, caller)) {
        throw new ProtocolError(ProtocolErrorCode.InvalidParams, "Unknown tool");
      }
      return callThroughSdk(options, { server, caller, context, codec, request: request.params, stream });
    });
    installPrompts(server, prompts, codec);
    installResources(server, resources, caller);
    return server;
  };
}

type StateCodec = ReturnType<typeof createRequestStateCodec<Record<string, unknown>>>;

interface SdkCall {
  server: Server;
  caller: Caller;
  context: ServerContext;
  codec: StateCodec;
  request: { name: string; arguments?: Record<string, unknown> | undefined };
  stream: { close(requestId: string | number): void } | undefined;
}

async function callThroughSdk<Services>(options: ServerFactoryOptions<Services>, call: SdkCall) {
  const { context } = call;
  const token = context.mcpReq._meta?.progressToken;
  try {
    const answer = await options.dispatch.call({
      name: call.request.name,
      arguments: call.request.arguments,
      caller: call.caller,
      requestId: options.newRequestId(),
      signal: context.mcpReq.signal,
      progress:
        token === undefined
          ? undefined
          : ({ done, total, message }) => {
              context.mcpReq
                .notify({
                  method: "notifications/progress",
                  params: { progressToken: token, progress: done, total, message },
                })
                // The client may be gone; the call itself ends by its signal.
                .catch(() => {});
            },
      client: createChannel(call.server, context, call.stream),
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

async function toInputRequired(wanted: InputRequired, codec: StateCodec, context: ServerContext) {
  const inputRequests: InputRequests = {};
  for (const [key, question] of Object.entries(wanted.questions)) inputRequests[key] = toInputRequest(question);
  return inputRequired({
    inputRequests,
    ...(wanted.state ? { requestState: await codec.mint(wanted.state, context) } : {}),
  });
}

function toInputRequest(question: ClientQuestion) {
  switch (question.kind) {
    case "form":
      return inputRequired.elicit({ message: question.message, requestedSchema: question.schema as never });
    case "sample":
      return inputRequired.createMessage(question.request as never);
    case "roots":
      return inputRequired.listRoots();
  }
}

function createChannel(server: Server, context: ServerContext, stream: SdkCall["stream"]): ClientChannel {
  // The SDK fills this from `initialize` (2025) and from the request's own envelope (2026-07-28).
  const declared = server.getClientCapabilities();
  return {
    can: {
      form: declared?.elicitation !== undefined,
      sample: declared?.sampling !== undefined,
      roots: declared?.roots !== undefined,
    },
    answers: context.mcpReq.inputResponses,
    state: context.mcpReq.requestState<Record<string, unknown>>(),
    ask(questions, state) {
      throw new InputRequired(questions, state);
    },
    async tell(level, text) {
      await context.mcpReq.log(level, text);
    },
    closeStream() {
      stream?.close(context.mcpReq.id);
    },
  };
}

function installPrompts(server: Server, prompts: ReadonlyMap<string, Prompt>, codec: StateCodec): void {
  server.setRequestHandler("prompts/list", async () => ({
    prompts: [...prompts.values()].map(({ name, title, description, arguments: declared }) => ({
      name,
      title,
      description,
      arguments: declared.map((argument) => ({
        name: argument.name,
        description: argument.description,
        required: argument.required,
      })),
    })),
  }));
  server.setRequestHandler("prompts/get", async (request, context) => {
    const prompt = prompts.get(request.params.name);
    if (!prompt) throw new ProtocolError(ProtocolErrorCode.InvalidParams, "Unknown prompt");
    const values = request.params.arguments ?? {};
    const missing = prompt.arguments.filter((argument) => argument.required && values[argument.name] === undefined);
    if (missing.length > 0) {
      throw new ProtocolError(
        ProtocolErrorCode.InvalidParams,
        `The prompt needs ${missing.map((argument) => argument.name).join(", ")}`,
      );
    }
    try {
      return {
        description: prompt.description,
        messages: prompt.messages(values, createChannel(server, context, undefined)) as never,
      };
    } catch (thrown) {
      if (!(thrown instanceof InputRequired)) throw thrown;
      return toInputRequired(thrown, codec, context);
    }
  });
  server.setRequestHandler("completion/complete", async (request) => {
    const { ref, argument } = request.params;
    const prompt = ref.type === "ref/prompt" ? prompts.get(ref.name) : undefined;
    const values = prompt?.arguments.find(({ name }) => name === argument.name)?.complete?.(argument.value) ?? [];
    return { completion: { values: values.slice(0, 100), total: values.length, hasMore: values.length > 100 } };
  });
}

function installResources(server: Server, resources: readonly Resource[], caller: Caller): void {
  const describe = ({ name, title, description, mimeType }: Resource) => ({ name, title, description, mimeType });
  server.setRequestHandler("resources/list", async () => ({
    resources: resources
      .filter((resource) => !resource.uri.includes("{"))
      .map((resource) => ({ uri: resource.uri, ...describe(resource) })),
  }));
  server.setRequestHandler("resources/templates/list", async () => ({
    resourceTemplates: resources
      .filter((resource) => resource.uri.includes("{"))
      .map((resource) => ({ uriTemplate: resource.uri, ...describe(resource) })),
  }));
  server.setRequestHandler("resources/read", async (request) => {
    const { uri } = request.params;
    for (const resource of resources) {
      const variables = matchTemplate(resource.uri, uri);
      if (variables) return { contents: [await resource.read(variables, { uri, caller })] };
    }
    throw new ResourceNotFoundError(uri);
  });
  // Accepted so that Cursor's start sequence passes; our resources do not change while they exist.
  server.setRequestHandler("resources/subscribe", async () => ({}));
  server.setRequestHandler("resources/unsubscribe", async () => ({}));
}
