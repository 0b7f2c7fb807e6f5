import { z } from "zod";
import type { ServerDefinition } from "./define-server.ts";
import { ChangePlan } from "../approval/change-plan.ts";
import { Source, type AnyTool, type Effect } from "./define-tool.ts";
import { toWireSchema } from "./wire-schema.ts";

/** What a write tool answers on its first call: the plan, and how to go on. */
export const PlannedChange = z.object({
  planId: z.string().describe("Give this to apply_change."),
  plan: ChangePlan,
  state: z.enum(["proposed", "approved"]).describe("Whether somebody still has to approve."),
  expiresAt: z.string().describe("ISO 8601; plans live ten minutes."),
  nextStep: z.string().describe("What to do now, in one sentence."),
  source: Source,
});

/** The tool as MCP lists it. */
export interface WireTool {
  name: string;
  title: string;
  description: string;
  inputSchema: Record<string, unknown>;
  outputSchema: Record<string, unknown>;
  annotations: {
    title: string;
    readOnlyHint: boolean;
    destructiveHint: boolean;
    idempotentHint: boolean;
    openWorldHint: boolean;
  };
}

export interface ToolList {
  tools: readonly WireTool[];
  /** `tools` as JSON, computed once: converting schemas on each list is what makes the SDK's own list 10 times dearer. */
  json: string;
}

export interface ToolTable<Services> {
  /** Every tool that can be run, by name. A Map, so that `__proto__` and `constructor` are unknown tools. */
  tools: ReadonlyMap<string, AnyTool<Services>>;
  /** What `tools/list` answers, in a fixed order: to those who may write, and to those who may only read. */
  listed: { write: ToolList; read: ToolList };
  wire: ReadonlyMap<string, WireTool>;
}

/** Protocol hints from the one word. A write tool's first call only plans, yet it must not claim to be read-only. */
function annotationsOf(tool: {
  effect: Effect;
  title: string;
  openWorld?: boolean;
  mayChange?: boolean;
}): WireTool["annotations"] {
  // Cursor asks nobody before a tool that claims to be read-only.
  const onlyReads = tool.effect === "read" && tool.mayChange !== true;
  return {
    title: tool.title,
    readOnlyHint: onlyReads,
    destructiveHint: tool.effect === "destroy" || tool.effect === "update" || tool.mayChange === true,
    idempotentHint: onlyReads,
    openWorldHint: tool.openWorld ?? false,
  };
}

function toWire<Services>(tool: AnyTool<Services>): WireTool {
  const output = "plan" in tool ? PlannedChange : tool.output;
  return {
    name: tool.name,
    title: tool.title,
    description: tool.description,
    inputSchema: toWireSchema(tool.input, "input"),
    outputSchema: toWireSchema(withPaging(output), "output"),
    annotations: annotationsOf(tool),
  };
}

/** Every answer may be cut; the fields that say so are part of every output schema. */
function withPaging(output: z.ZodObject): z.ZodObject {
  const truncated = z.boolean().optional().describe("The answer was cut: give nextCursor to read_result for the rest.");
  const nextCursor = z.string().optional().describe("Where the rest of a cut answer begins, for read_result.");
  return output.extend({
    ...("truncated" in output.shape ? {} : { truncated }),
    ...("nextCursor" in output.shape ? {} : { nextCursor }),
  });
}

/** Freezes a definition into look-up tables. Throws on a duplicate name: a start-up mistake, not a runtime one. */
export function createToolTable<Services>(
  definition: ServerDefinition<Services>,
  coreTools: { listed: readonly AnyTool<Services>[]; longTail: readonly AnyTool<Services>[] },
): ToolTable<Services> {
  const direct = [...definition.direct, ...coreTools.listed];
  const tools = new Map<string, AnyTool<Services>>();
  const wire = new Map<string, WireTool>();
  for (const tool of [...direct, ...definition.longTail, ...coreTools.longTail]) {
    if (tools.has(tool.name)) throw new Error(`Two tools are called ${tool.name}.`);
    tools.set(tool.name, tool);
    wire.set(tool.name, toWire(tool));
  }
  const listed = direct.flatMap((tool) => wire.get(tool.name) ?? []);
  const reads = listed.filter((tool) => tools.get(tool.name)?.effect === "read");
  return {
    tools,
    wire,
    listed: {
      write: { tools: listed, json: JSON.stringify(listed) },
      read: { tools: reads, json: JSON.stringify(reads) },
    },
  };
}
