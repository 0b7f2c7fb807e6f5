import { defineTool, Source, type ToolContext } from "@sophia/core/mcp/define-tool";
import { Cursor, NextCursor } from "@sophia/core/mcp/paging";
import { formatEnvironmentId } from "@sophia/core/secrets/backend/environment-id";
import { hasErrors } from "@sophia/core/secrets/inspect/has-errors";
import { z } from "zod";
import type { InfraServices } from "../services.ts";
import { takePage } from "../domain/page.ts";
import { FoundMistake, listMistakes } from "../domain/secrets/list-mistakes.ts";
import { readEnvironment } from "../domain/secrets/read-environment.ts";
import { parseEnvironment, requireDesk } from "../domain/secrets/secret-desk.ts";
import { secretSource } from "../domain/secrets/secret-source.ts";

export const checkEnvironment = defineTool({
  name: "check_environment",
  title: "Check an environment of secrets",
  description:
    "Finds the mistakes in an environment's definition, with place, path and the line they stand in; secrets in that line are masked.\n" +
    "- Use when an environment does not open, a variable is missing, or after somebody edited one.\n" +
    "- Nothing is opened and nothing is changed; a person mends it with `secrets edit`.\n" +
    'Example: {"environment": "sophia/base"}',
  effect: "read",
  deadlineMs: 20_000,
  items: "items",
  input: z.strictObject({
    environment: z.string().min(1).max(201).describe("project/name, or the name alone in Sophia's own project."),
    revision: z.int().min(1).optional().describe("Another revision than the newest."),
    limit: z.int().min(1).max(100).default(50).describe("Mistakes per page."),
    cursor: Cursor,
  }),
  output: z.object({
    environment: z.string(),
    revision: z.int(),
    ok: z.boolean().describe("No error; there may be warnings."),
    items: z.array(FoundMistake),
    total: z.int().describe("Mistakes on all pages."),
    nextCursor: NextCursor,
    source: Source,
  }),
  async run({ environment, revision, limit, cursor }, { services }: ToolContext<InfraServices>) {
    const desk = requireDesk(services);
    const id = parseEnvironment(environment);
    const read = await readEnvironment(desk, id, revision);
    const name = formatEnvironmentId(id);
    const mistakes = listMistakes(name, read.yaml, read.checked.diagnostics);
    const scope = `check\n${name}\n${revision ?? ""}`;
    const page = takePage(mistakes, { keyOf: ({ number }) => String(number).padStart(6, "0"), limit, scope, cursor });
    return {
      environment: name,
      revision: read.revision,
      ok: !hasErrors(mistakes),
      items: page.items,
      total: mistakes.length,
      ...(page.next !== undefined && { nextCursor: page.next }),
      source: secretSource(desk, services),
    };
  },
});
