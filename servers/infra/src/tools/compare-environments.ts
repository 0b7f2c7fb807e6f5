import { defineTool, Source, type ToolContext } from "@sophia/core/mcp/define-tool";
import { Cursor, NextCursor } from "@sophia/core/mcp/paging";
import { z } from "zod";
import type { InfraServices } from "../services.ts";
import { takePage } from "../domain/page.ts";
import { compareSides, ComparedValue } from "../domain/secrets/compare-sides.ts";
import { requireDesk } from "../domain/secrets/secret-desk.ts";
import { secretSource } from "../domain/secrets/secret-source.ts";

export const compareEnvironments = defineTool({
  name: "compare_environments",
  title: "Compare environments of secrets",
  description:
    "Tells by path what two environments, or two revisions of one, have and lack, where types differ, and whether secrets are the same; never a value.\n" +
    "- Use when staging and production should hold the same keys, or to see what a change did.\n" +
    "- Secrets are told apart by fingerprint where both can be opened; else the answer is not known.\n" +
    'Example: {"before": "ai-intelligence-staging", "after": "ai-intelligence-production"}',
  effect: "read",
  deadlineMs: 45_000,
  items: "items",
  input: z.strictObject({
    before: z.string().min(1).max(320).describe("project/name, perhaps with @revision behind it."),
    after: z.string().min(1).max(320).describe("Another one, or @revision of the first."),
    all: z.boolean().default(false).describe("Equal values too."),
    limit: z.int().min(1).max(200).default(100).describe("Paths per page."),
    cursor: Cursor,
  }),
  output: z.object({
    before: z.string(),
    after: z.string(),
    items: z.array(ComparedValue),
    total: z.int().describe("Paths on all pages."),
    same: z.int().describe("Paths with equal values."),
    notes: z.array(z.string()).describe("What could not be opened, and therefore is not known."),
    nextCursor: NextCursor,
    source: Source,
  }),
  async run({ before, after, all, limit, cursor }, { services, signal }: ToolContext<InfraServices>) {
    const desk = requireDesk(services);
    const compared = await compareSides(desk, { before, after, signal });
    const wanted = all ? compared.items : compared.items.filter(({ change }) => change !== "same");
    const scope = `compare\n${compared.before}\n${compared.after}\n${all}`;
    const page = takePage(wanted, { keyOf: ({ path }) => path, limit, scope, cursor });
    return {
      before: compared.before,
      after: compared.after,
      items: page.items,
      total: wanted.length,
      same: compared.items.filter(({ change }) => change === "same").length,
      notes: compared.notes,
      ...(page.next !== undefined && { nextCursor: page.next }),
      source: secretSource(desk, services),
    };
  },
});
