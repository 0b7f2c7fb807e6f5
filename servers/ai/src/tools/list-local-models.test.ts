import type { ToolContext } from "@sophia/core/mcp/define-tool";
import { pino } from "pino";
import { expect, test } from "vitest";
import type { LocalServers } from "../local/local-servers.ts";
import { listLocalModels } from "./list-local-models.ts";

const localServers: LocalServers = {
  look: async () => ({
    servers: [
      {
        url: "http://127.0.0.1:11434",
        kind: "ollama",
        models: [
          { id: "llama3:8b", kind: "chat", diskBytes: 4_920_753_328, loaded: false },
          { id: "nomic-embed", kind: "embedding", diskBytes: 274_302_450, loaded: true },
        ],
      },
      {
        url: "http://127.0.0.1:8000",
        kind: "vllm",
        models: [{ id: "qwen", kind: "chat" }],
        load: { running: 3, waiting: 9 },
      },
    ],
    silent: ["http://127.0.0.1:8080"],
  }),
};

function run(input: unknown, services = { localServers }) {
  const context: ToolContext<{ localServers: LocalServers }> = {
    services,
    caller: { id: "c1", name: "tester", scopes: ["read"] },
    requestId: "r1",
    signal: new AbortController().signal,
    progress: () => {},
    log: pino({ level: "silent" }),
  };
  return listLocalModels.run(listLocalModels.input.parse(input), context);
}

test("lists what a server has, with its size and its queue", async () => {
  const output = listLocalModels.output.parse(await run({ kind: "chat" }));
  expect(output.models).toEqual([
    {
      id: "llama3:8b",
      kind: "chat",
      server: "http://127.0.0.1:11434",
      serverKind: "ollama",
      diskGb: 4.92,
      loaded: false,
    },
    { id: "qwen", kind: "chat", server: "http://127.0.0.1:8000", serverKind: "vllm" },
  ]);
  expect(output.servers[1]).toEqual({ url: "http://127.0.0.1:8000", kind: "vllm", running: 3, waiting: 9 });
  expect(output.silent).toEqual(["http://127.0.0.1:8080"]);
});

test("where none answers it says how to get one", async () => {
  const nobody = { look: async () => ({ servers: [], silent: ["http://127.0.0.1:11434"] }) };
  expect((await run({}, { localServers: nobody })).next).toContain("SOPHIA_OPENAI_BASE_URL");
  expect(await run({})).not.toHaveProperty("next");
});
