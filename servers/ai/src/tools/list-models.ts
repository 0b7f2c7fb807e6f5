import { defineTool, Source, type ToolContext } from "@sophia/core/mcp/define-tool";
import { Cursor, NextCursor, readCursor, toCursor } from "@sophia/core/mcp/paging";
import { dataPolicies } from "@sophia/core/routing/data-policy";
import { z } from "zod";
import type { Models, OfferedModel } from "../domain/models.ts";
import { promiseOf } from "../domain/targets.ts";

interface Services {
  models: Pick<Models, "list">;
}

const Model = z.object({
  id: z.string().describe("Give this as model."),
  service: z.string().describe("Who offers it."),
  mode: z.enum(["live", "local", "simulated"]).describe("How it is reached."),
  kind: z.enum(["chat", "embedding", "rerank"]).describe("What it does."),
  contextLength: z.int().optional().describe("Most tokens of request and answer together."),
  inputUsdPerMillion: z.number().optional().describe("USD per million tokens read. Absent: no price list has it."),
  outputUsdPerMillion: z.number().optional().describe("USD per million tokens written."),
  priceAsOf: z.string().optional().describe("Day of the price."),
  promises: z.enum(dataPolicies).describe("About prompts, where the key demands it; any: nothing."),
  region: z.string().optional().describe("Where it runs. Absent: not told."),
});

export const listModels = defineTool({
  name: "list_models",
  title: "List models",
  description: `Lists the language models that can be asked, with context length and price.
- Use when you need a model's id for complete, or the cheapest or longest one.
- search matches any part of the id or the service.
Example: {"search": "llama", "limit": 10}`,
  effect: "read",
  input: z.strictObject({
    search: z.string().max(100).optional().describe("Words that must all occur in the id or the service."),
    limit: z.int().min(1).max(200).default(50).describe("Most models to return."),
    cursor: Cursor,
  }),
  output: z.object({
    models: z.array(Model),
    total: z.int().describe("How many match."),
    nextCursor: NextCursor,
    source: Source,
  }),
  items: "models",
  render({ models, total, nextCursor }) {
    if (models.length === 0) return "No model matches. Leave search out to see all.";
    return [
      `${models.length} of ${total} models:`,
      "id | service (mode) | kind | context tokens | USD per million tokens in/out, as of | promises, region",
      ...models.map(renderModel),
      ...(nextCursor === undefined ? [] : [`nextCursor: ${nextCursor}`]),
    ].join("\n");
  },
  async run(input, { services }: ToolContext<Services>) {
    const words = (input.search ?? "").toLowerCase().split(/\s+/).filter(Boolean);
    const scope = words.join(" ");
    const start = readCursor(input.cursor, scope, z.int().min(0)) ?? 0;
    const offered = await services.models.list();
    const matching = offered.filter((model) => {
      const text = `${model.id} ${model.endpoint.service}`.toLowerCase();
      return words.every((word) => text.includes(word));
    });
    const page = matching.slice(start, start + input.limit);
    const end = start + page.length;
    const [first] = offered;
    return {
      models: page.map(toModel),
      total: matching.length,
      ...(end < matching.length && { nextCursor: toCursor(end, scope) }),
      source: { service: first?.endpoint.service ?? "sophia", mode: first?.endpoint.mode ?? "local", costUsd: 0 },
    };
  },
});

function renderModel(model: z.output<typeof Model>): string {
  const { id, service, mode, kind, contextLength, inputUsdPerMillion, outputUsdPerMillion, priceAsOf } = model;
  const { promises, region } = model;
  const price = priceAsOf === undefined ? "unknown" : `${inputUsdPerMillion}/${outputUsdPerMillion}, ${priceAsOf}`;
  return [
    id,
    `${service} (${mode})`,
    kind,
    contextLength ?? "unknown",
    price,
    region === undefined ? promises : `${promises}, ${region}`,
  ].join(" | ");
}

function toModel(model: OfferedModel): z.input<typeof Model> {
  const { id, endpoint, kind, contextLength, price } = model;
  return {
    promises: promiseOf(endpoint, model),
    ...(endpoint.region !== undefined && { region: endpoint.region }),
    id,
    service: endpoint.service,
    mode: endpoint.mode,
    kind,
    ...(contextLength !== undefined && { contextLength: Math.trunc(contextLength) }),
    ...(price.origin !== "unknown" && {
      inputUsdPerMillion: price.inputUsdPerMillion,
      outputUsdPerMillion: price.outputUsdPerMillion,
      priceAsOf: price.asOf,
    }),
  };
}
