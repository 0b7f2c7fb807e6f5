import { defineTool, Source, type ToolContext } from "@sophia/core/mcp/define-tool";
import { formatEnvironmentId } from "@sophia/core/secrets/backend/environment-id";
import { z } from "zod";
import type { InfraServices } from "../services.ts";
import { carryOutRollback, planRollback } from "../domain/secrets/plan-rollback.ts";
import { parseEnvironment, requireDesk } from "../domain/secrets/secret-desk.ts";
import { secretSource } from "../domain/secrets/secret-source.ts";

export const rollbackEnvironment = defineTool({
  name: "rollback_environment",
  title: "Roll an environment of secrets back",
  description:
    "Plans to put an old revision of an environment back as its newest one, and shows by path what that changes; nothing happens until apply_change.\n" +
    "- Use when a change to settings or secrets did harm; describe_environment lists the revisions.\n" +
    "- It warns where a secret was rotated since: the older value is no longer valid then.\n" +
    "What is newest now stays in the history. Values are never shown.\n" +
    'Example: {"environment": "sophia/base", "revision": 3}',
  effect: "update",
  deadlineMs: 45_000,
  input: z.strictObject({
    environment: z.string().min(1).max(201).describe("project/name, or the name alone in Sophia's own project."),
    revision: z.int().min(1).describe("The revision whose text becomes the newest."),
  }),
  output: z.object({
    environment: z.string(),
    revision: z.int().describe("The newest revision now."),
    restored: z.int().describe("The revision whose text it has."),
    source: Source,
  }),
  async plan({ environment, revision }, { services, signal }: ToolContext<InfraServices>) {
    return planRollback(requireDesk(services), { id: parseEnvironment(environment), revision }, signal);
  },
  async apply({ environment, revision }, plan, { services }: ToolContext<InfraServices>) {
    const desk = requireDesk(services);
    const id = parseEnvironment(environment);
    const written = await carryOutRollback(desk, { id, revision }, plan.stateVersion);
    return {
      environment: formatEnvironmentId(id),
      revision: written.revision,
      restored: revision,
      source: secretSource(desk, services),
    };
  },
});
