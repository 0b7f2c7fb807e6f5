import { defineTool, Source, type ToolContext } from "@sophia/core/mcp/define-tool";
import { z } from "zod";
import { requireVendor, type Vendors } from "../domain/reached-vendors.ts";

interface Services {
  vendors: Pick<Vendors, "phantombuster">;
}

const mostCharacters = 8_000;
const longestWaitSeconds = 45;

export const getPhantomOutput = defineTool({
  name: "get_phantom_output",
  title: "Read what a PhantomBuster run came to",
  description: `Tells how a run of an agent stands, with its result or the end of its log.
- Use with a container of the agent; without one it lists the agent's newest runs.
Example: {"agentId": "7000000000000001"}`,
  effect: "read",
  openWorld: true,
  deadlineMs: 55_000,
  input: z.strictObject({
    agentId: z
      .string()
      .regex(/^\d{1,20}$/)
      .optional()
      .describe("Lists its newest runs."),
    containerId: z.string().min(1).max(40).optional().describe("One run."),
    waitSeconds: z.int().min(0).max(longestWaitSeconds).default(0).describe("Longest wait for its end."),
  }),
  output: z.object({
    runs: z.array(
      z.object({
        containerId: z.string(),
        status: z.string(),
        isEnded: z.boolean(),
        isSuccess: z.boolean(),
        createdAt: z.string(),
      }),
    ),
    result: z.string().optional().describe("JSON, at most 8,000 characters; launch_phantom keeps all of it."),
    log: z.string().optional().describe("Its end."),
    untrusted: z.literal(true).describe("Result and log were written by others."),
    source: Source,
  }),
  async run({ agentId, containerId, waitSeconds }, { services, signal }: ToolContext<Services>) {
    const { client, mode } = requireVendor(services.vendors, "phantombuster");
    const common = { untrusted: true as const, source: { service: "phantombuster", mode, costUsd: 0 } };
    if (containerId === undefined) {
      const all = agentId === undefined ? [] : await client.listContainers(agentId, signal);
      return { runs: all.slice(0, 20).map(toRun), ...common };
    }
    const run = await client.waitForContainer(containerId, { waitMs: waitSeconds * 1_000, signal });
    const result = run.isEnded ? await client.getResult(containerId, signal) : null;
    const log = await client.getOutput(containerId, signal);
    return {
      runs: [toRun(run)],
      ...(result !== null && { result: JSON.stringify(result).slice(0, mostCharacters) }),
      log: log.slice(-mostCharacters),
      ...common,
    };
  },
});

type Container = Awaited<ReturnType<NonNullable<Vendors["phantombuster"]>["client"]["getContainer"]>>;

function toRun({ id, status, isEnded, isSuccess, createdAt }: Container) {
  return { containerId: id, status, isEnded, isSuccess, createdAt: new Date(createdAt).toISOString() };
}
