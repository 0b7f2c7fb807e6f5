import { z } from "zod";
import { defineTool, Source, type ToolContext } from "../define-tool.ts";
import type { ToolTable } from "../tool-table.ts";

const Found = z.object({
  name: z.string(),
  title: z.string(),
  description: z.string(),
  effect: z.enum(["read", "create", "update", "destroy"]),
  arguments: z.record(z.string(), z.unknown()).describe("JSON Schema of the arguments for run_tool."),
});

/** Searches the tools that are not listed. `table` is called late: it does not exist yet when this tool is made. */
export function createFindTools(longTail: readonly string[], table: () => ToolTable<never>) {
  return defineTool({
    name: "find_tools",
    title: "Find more tools",
    description:
      "Finds this server's further tools, which are not listed, with their arguments.\n" +
      "- Use when no listed tool does the job; leave query empty to see all.\n" +
      '- Then call run_tool. Example: {"query": "import csv"}',
    effect: "read",
    input: z.strictObject({
      query: z.string().max(200).default("").describe("Words for what you want to do; empty for all."),
      limit: z.int().min(1).max(50).default(10).describe("How many to return."),
    }),
    output: z.object({ tools: z.array(Found), total: z.int(), source: Source }),
    items: "tools",
    async run(input, context: ToolContext<unknown>) {
      const scopes = context.caller.scopes;
      const all = longTail.flatMap((name) => {
        const tool = table().tools.get(name);
        const wire = table().wire.get(name);
        if (!tool || !wire || !scopes.includes(tool.effect === "read" ? "read" : "write")) return [];
        return [
          {
            name,
            title: wire.title,
            description: wire.description,
            effect: tool.effect,
            arguments: wire.inputSchema,
          },
        ];
      });
      const scores = new Map(
        all.map((tool) => [tool.name, score(`${tool.name} ${tool.title}`, tool.description, input.query)]),
      );
      const scoreOf = (tool: { name: string }): number => scores.get(tool.name) ?? 0;
      const hits = input.query.trim() === "" ? all : all.filter((tool) => scoreOf(tool) > 0);
      hits.sort((one, other) => scoreOf(other) - scoreOf(one) || one.name.localeCompare(other.name));
      return {
        tools: hits.slice(0, input.limit),
        total: hits.length,
        source: { service: "sophia", mode: "local" as const, costUsd: 0 },
      };
    },
  });
}

/** Words of the query found in the name count three times those found in the description; plurals match. */
function score(name: string, description: string, query: string): number {
  const words = query.toLowerCase().match(/[a-z0-9]+/g) ?? [];
  const inName = name.toLowerCase();
  const inDescription = description.toLowerCase();
  let sum = 0;
  for (const word of words) {
    const stem = word.length > 3 && word.endsWith("s") ? word.slice(0, -1) : word;
    if (inName.includes(stem)) sum += 3;
    else if (inDescription.includes(stem)) sum += 1;
  }
  return sum;
}
