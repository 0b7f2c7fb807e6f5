import { defineTool, Source, type ToolContext } from "@sophia/core/mcp/define-tool";
import { Cursor, NextCursor } from "@sophia/core/mcp/paging";
import { z } from "zod";
import type { InfraServices } from "../services.ts";
import { EnvironmentItem, listPage } from "../domain/secrets/list-page.ts";
import { requireDesk } from "../domain/secrets/secret-desk.ts";
import { secretSource } from "../domain/secrets/secret-source.ts";

export const listEnvironments = defineTool({
  name: "list_environments",
  title: "List environments of secrets",
  description:
    "Lists the environments that hold Sophia's settings and secrets, with revision and time of the last change; never a value.\n" +
    "- Use when asked which environments, stages or groups of secrets there are.\n" +
    "- Use before describe_environment, check_environment and compare_environments, which need a name.\n" +
    'Example: {"project": "sophia"}',
  effect: "read",
  deadlineMs: 20_000,
  items: "items",
  input: z.strictObject({
    project: z.string().min(1).max(100).optional().describe("Only environments of this project. Default: all."),
    limit: z.int().min(1).max(100).default(50).describe("Environments per page."),
    cursor: Cursor,
  }),
  output: z.object({
    stage: z.string().describe("The stage that this installation runs: production, staging or development."),
    items: z.array(EnvironmentItem),
    nextCursor: NextCursor,
    source: Source,
  }),
  async run({ project, limit, cursor }, { services }: ToolContext<InfraServices>) {
    const desk = requireDesk(services);
    const { items, nextCursor } = await listPage(desk, { project, limit, cursor });
    const next = nextCursor === undefined ? {} : { nextCursor };
    return { stage: desk.stage, items, ...next, source: secretSource(desk, services) };
  },
});
