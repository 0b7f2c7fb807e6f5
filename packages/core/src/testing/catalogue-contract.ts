import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import type { ServerDefinition } from "../mcp/define-server.ts";
import type { AnyTool } from "../mcp/define-tool.ts";
import { Cursor } from "../mcp/paging.ts";
import { createServerTable } from "../mcp/server-table.ts";
import type { WireTool } from "../mcp/tool-table.ts";

/** What one server's list may cost a client, in tokens of about 3.5 characters: all seven direct tools with their schemas. */
const maxListTokens = 7_500;
const verbs =
  /^(?:add|apply|ask|check|collect|compare|complete|crawl|create|define|delete|describe|diagnose|embed|erase|estimate|explain|export|fetch|find|forecast|get|import|launch|list|log|make|manage|map|plan|query|recommend|refresh|report|rerank|research|restart|rollback|run|scrape|search|set|tune|upsert|warm|watch)(?:_[a-z0-9]+)*$/;

/**
 * The style guide of tools, executable: run once for each server. The snapshot is the model-facing API; a change of it
 * shows as a diff, with what it costs in tokens.
 *
 * @param folder the server's `src`, where `tools/` lies.
 */
export function testCatalogue<Services>(definition: ServerDefinition<Services>, folder: string): void {
  const tools = [...definition.direct, ...definition.longTail];
  // Nothing runs here: what the core tools stand on is never touched.
  const unused = {} as never;
  const table = createServerTable({
    definition,
    approvesInClient: false,
    plans: unused,
    audit: unused,
    shelf: unused,
    clock: unused,
  });

  describe(`the catalogue of ${definition.id}`, () => {
    test("has one file and one test for each tool, and no other", () => {
      const files = readdirSync(join(folder, "tools")).filter((file) => file !== "list.ts");
      const wanted = tools.flatMap(({ name }) => [
        `${name.replaceAll("_", "-")}.ts`,
        `${name.replaceAll("_", "-")}.test.ts`,
      ]);
      expect(files.toSorted()).toEqual(wanted.toSorted());
    });

    test("lists seven direct tools at most, beside the pair over the long tail", () => {
      expect(definition.direct.length + (definition.listsApplyChange ? 1 : 0)).toBeLessThanOrEqual(7);
    });

    test.each(tools.map((tool) => [tool.name, tool] as const))("%s keeps the rules", (_name, tool) => {
      expectRules(tool, table.wire.get(tool.name));
      expect(`sophia-${definition.id}${tool.name}`.length).toBeLessThanOrEqual(60);
    });

    test("is what clients were shown before", async () => {
      const tokens = Math.ceil(table.listed.write.json.length / 3.5);
      expect(tokens).toBeLessThanOrEqual(maxListTokens);
      const snapshot = {
        tokens,
        listed: table.listed.write.tools,
        longTail: definition.longTail.map(wireOf(table.wire)),
      };
      await expect(`${JSON.stringify(snapshot, null, 2)}\n`).toMatchFileSnapshot(
        join(folder, "catalogue.snapshot.json"),
      );
    });
  });
}

function wireOf(wire: ReadonlyMap<string, WireTool>) {
  return ({ name }: { name: string }): WireTool | undefined => wire.get(name);
}

function expectRules<Services>(tool: AnyTool<Services>, wire: WireTool | undefined): void {
  expect(tool.name).toMatch(verbs);
  expect(tool.name.length).toBeLessThanOrEqual(40);
  expect(tool.description.length).toBeLessThanOrEqual(1_024);
  expect(tool.description).toContain("Use ");
  expect(tool.description).toContain("Example: ");
  expect(tool.deadlineMs ?? 0).toBeLessThanOrEqual(55_000);
  expect(tool.maxTokens ?? 0).toBeLessThanOrEqual(20_000);
  expect(wire?.inputSchema).toMatchObject({ type: "object", additionalProperties: false });
  expect(JSON.stringify([wire?.inputSchema, wire?.outputSchema])).not.toContain('"prefixItems"');
  expect(wire?.annotations.readOnlyHint).toBe(tool.effect === "read");
  // One way to page, which a model learns once.
  expect(tool.input.shape.cursor).toBe("nextCursor" in tool.output.shape ? Cursor : undefined);
  for (const other of ["page", "pageToken", "nextPage"]) {
    expect([...Object.keys(tool.input.shape), ...Object.keys(tool.output.shape)]).not.toContain(other);
  }
  // Only apply_change, which is core's, acts on its first call.
  expect("plan" in tool).toBe(tool.effect !== "read");
  expect(findUndescribed(z.toJSONSchema(tool.input, { io: "input" }), tool.name)).toEqual([]);
}

/** Paths of the fields without a description, those of nested objects and of items too. */
function findUndescribed(schema: z.core.JSONSchema.BaseSchema, path: string): string[] {
  const fields = Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const own = `${path}.${name}`;
    if (typeof field === "boolean") return [];
    return [...(field.description === undefined ? [own] : []), ...findUndescribed(field, own)];
  });
  const inner = [schema.items, schema.additionalProperties, schema.anyOf, schema.oneOf, schema.allOf].flat();
  const below = inner.filter((part) => typeof part === "object");
  return [...fields, ...below.flatMap((part) => findUndescribed(part, `${path}[]`))];
}
