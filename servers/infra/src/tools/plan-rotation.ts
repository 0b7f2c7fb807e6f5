import { defineTool, Source, type ToolContext } from "@sophia/core/mcp/define-tool";
import { formatEnvironmentId } from "@sophia/core/secrets/backend/environment-id";
import { z } from "zod";
import type { InfraServices } from "../services.ts";
import { describeRotation, findSubject } from "../domain/secrets/plan-rotation.ts";
import { requireDesk } from "../domain/secrets/secret-desk.ts";
import { secretSource } from "../domain/secrets/secret-source.ts";

export const planRotation = defineTool({
  name: "plan_rotation",
  title: "Plan the rotation of a secret",
  description:
    "Plans to exchange one of Sophia's secrets without a failed call: what changes, who reads it, how long both values are valid; apply_change begins it.\n" +
    "- Use when a key is old, was seen by somebody, or its owner left; describe_environment tells ages and names.\n" +
    "- Where the service cannot make keys by itself, it opens a task with the page where a person makes the new one.\n" +
    "A new key never goes through this chat: a person hands it over on the command line.\n" +
    'Example: {"variable": "OPENROUTER_API_KEY"}',
  effect: "update",
  deadlineMs: 40_000,
  input: z.strictObject({
    variable: z
      .string()
      .min(1)
      .max(100)
      .describe("The secret's variable, as .env.example and describe_environment name it."),
    environment: z
      .string()
      .min(1)
      .max(201)
      .optional()
      .describe("Where it lies, for another stage. Default: its place in this installation's stage."),
  }),
  output: z.object({
    variable: z.string(),
    environment: z.string(),
    requestId: z.string(),
    rotationId: z.string().optional().describe("Absent while nobody that holds the keys has begun it."),
    state: z.enum(["begun", "requested"]),
    nextStep: z.string(),
    pageUrl: z.string().optional().describe("Where a person makes the new key."),
    source: Source,
  }),
  async plan(wish, { services }: ToolContext<InfraServices>) {
    return describeRotation(await findSubject(requireDesk(services), wish));
  },
  async apply(wish, _plan, { services, caller, signal, requestId, planId }: ToolContext<InfraServices>) {
    const desk = requireDesk(services);
    const { use, id, revision } = await findSubject(desk, wish);
    const { variable, service, path, isAutomatic, pageUrl } = use;
    const target = { environment: id, path, service, variable };
    const asked = await desk.requestRotation(
      { target, actor: caller.id, revision, planId: planId ?? requestId },
      signal,
    );
    const isBegun = asked.rotationId !== undefined;
    const follow = "npm run sophia -- secrets rotate";
    const hand = `A person makes the new key at ${pageUrl ?? "the service's page"} and hands it over: npm run sophia -- secrets tasks`;
    return {
      variable,
      environment: formatEnvironmentId(id),
      ...asked,
      state: isBegun ? ("begun" as const) : ("requested" as const),
      nextStep: isBegun
        ? isAutomatic
          ? `Follow it with: ${follow}`
          : hand
        : `It waits for \`npm start\`, which holds the keys. Look with: ${follow}`,
      ...(!isAutomatic && pageUrl !== undefined && { pageUrl }),
      source: secretSource(desk, services),
    };
  },
});
