import { z } from "zod";

// What is not named here is dropped: reads hold proxy passwords, login tokens, and session cookies in `argument`.

const endType = z.string().nullish();

export const AgentReply = z.object({
  id: z.string(),
  name: z.string().nullish(),
  script: z.string().nullish(),
  launchType: z.string().nullish(),
  lastEndType: endType,
});

export const AgentList = z.array(AgentReply.extend({ nbContainersRunning: z.number().nullish() }));

export const ContainerReply = z.object({
  id: z.string(),
  // "launch error" is written with a space.
  status: z.enum(["starting", "running", "finished", "unknown", "launch error"]).catch("unknown"),
  createdAt: z.number(),
  launchedAt: z.number().nullish(),
  endedAt: z.number().nullish(),
  endType,
  exitCode: z.number().nullish(),
  userCustomMetadata: z.record(z.string(), z.unknown()).nullish(),
});

export const ContainerList = z.object({ maxLimitReached: z.boolean(), containers: z.array(ContainerReply) });

/** The vendor describes no answer to a launch; its public clients read this. */
export const LaunchReply = z.object({ containerId: z.string() });

export const ResultReply = z.object({ resultObject: z.string().nullish() });

/** Nothing at all (204) while there is no output. */
export const OutputReply = z.object({ output: z.string().nullish() }).optional();

export const AgentOutputReply = z.object({
  containerId: z.string().nullish(),
  status: z.string(),
  output: z.string().nullish(),
  outputPos: z.number().nullish(),
  progress: z.number().nullish(),
  isAgentRunning: z.boolean(),
});

export const ResourcesReply = z.object({
  dailyExecutionTime: z.number(),
  monthlyExecutionTime: z.number(),
  plan: z.object({
    name: z.string(),
    parallelism: z.number(),
    dailyExecutionTime: z.number(),
    monthlyExecutionTime: z.number().nullish(),
  }),
  dailyResourceNextResetAt: z.number(),
});
