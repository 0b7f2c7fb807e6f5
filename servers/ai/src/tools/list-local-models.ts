import { defineTool, Source, type ToolContext } from "@sophia/core/mcp/define-tool";
import { z } from "zod";
import type { LocalServers } from "../local/local-servers.ts";

interface Services {
  localServers: LocalServers;
}

const Model = z.object({
  id: z.string().describe("Give this as model where it is offered (list_models)."),
  server: z.string().describe("Address of its server."),
  serverKind: z.enum(["ollama", "tei", "vllm", "openai-compatible"]),
  kind: z.enum(["chat", "embedding", "rerank"]).describe("What it does."),
  contextLength: z.int().optional().describe("Most tokens it reads."),
  diskGb: z.number().optional().describe("Size of its file, GB."),
  parameters: z.string().optional().describe("Size of the model, such as 8.0B."),
  quantization: z.string().optional().describe("How its weights are stored, such as Q4_K_M."),
  loaded: z.boolean().optional().describe("In memory now; otherwise its first call waits for loading."),
});

const next =
  "Start one on a usual port (such as `ollama serve`), or set SOPHIA_OPENAI_BASE_URL to one elsewhere; then start Sophia again, for it looks at its start.";

export const listLocalModels = defineTool({
  name: "list_local_models",
  title: "List local models",
  description: `Looks for model servers on this machine's usual ports (Ollama, vLLM, TEI, llama.cpp) and lists their models.
- Use when a model shall cost nothing per call, or when a local model is slow or missing.
- Says what is loaded, how large it is, and how long the server's queue is.
Example: {}`,
  effect: "read",
  openWorld: true,
  input: z.strictObject({
    kind: z.enum(["chat", "embedding", "rerank"]).optional().describe("Only models that do this."),
  }),
  output: z.object({
    models: z.array(Model),
    servers: z
      .array(
        z.object({
          url: z.string(),
          kind: z.enum(["ollama", "tei", "vllm", "openai-compatible"]),
          running: z.int().optional().describe("Requests at work."),
          waiting: z.int().optional().describe("Requests in its queue."),
        }),
      )
      .describe("Servers that answered."),
    silent: z.array(z.string()).describe("Addresses where no model server answered."),
    next: z.string().optional().describe("What to do where none answered."),
    source: Source,
  }),
  items: "models",
  async run({ kind }, { services, signal }: ToolContext<Services>) {
    const { servers, silent } = await services.localServers.look(signal);
    const models = servers.flatMap(({ url, kind: serverKind, models: offered }) =>
      offered.map(({ diskBytes, ...model }) => ({
        ...model,
        server: url,
        serverKind,
        ...(diskBytes !== undefined && { diskGb: Number((diskBytes / 1e9).toFixed(2)) }),
      })),
    );
    return {
      models: models.filter((model) => kind === undefined || model.kind === kind),
      servers: servers.map(({ url, kind: serverKind, load }) => ({ url, kind: serverKind, ...load })),
      silent,
      ...(servers.length === 0 && { next }),
      source: { service: "huggingface", mode: "local" as const, costUsd: 0 },
    };
  },
});
