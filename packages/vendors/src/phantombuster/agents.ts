import type { Http } from "@sophia/core/http/http";
import { z } from "zod";
import { policyOf } from "./operations.ts";
import { AgentList, AgentOutputReply, AgentReply, ResourcesReply } from "./schemas.ts";

/** Without its argument, which often holds a session cookie, and without its proxy. */
export interface PhantombusterAgent {
  id: string;
  name: string | null;
  script: string | null;
  launchType: string | null;
  lastEndType: string | null;
}

/** What an agent's newest run wrote since `outputPos`. Untrusted. */
export interface PhantombusterAgentOutput {
  containerId: string | null;
  /** That of a container, or `never launched`. */
  status: string;
  output: string;
  /** Give it to the next call. */
  outputPos: number | null;
  /** From 0 to 1. */
  progress: number | null;
  isRunning: boolean;
}

/** Execution times in the vendor's unit. */
export interface PhantombusterResources {
  planName: string;
  /** How many agents may run at once. */
  parallelism: number;
  /** `reported`: the vendor does not say whether that is used or left. */
  dailyExecutionTime: { reported: number; plan: number };
  monthlyExecutionTime: { reported: number; plan: number | null };
  /** Wall clock, ms. */
  dailyResetAt: number;
}

export interface PhantombusterAgents {
  listAgents(signal: AbortSignal): Promise<(PhantombusterAgent & { runningCount: number | null })[]>;
  getAgent(id: string, signal: AbortSignal): Promise<PhantombusterAgent>;
  /** What `after` was told before is left out. */
  getAgentOutput(
    id: string,
    after: { containerId: string; outputPos: number; status: string } | undefined,
    signal: AbortSignal,
  ): Promise<PhantombusterAgentOutput>;
  /** `soft`: it may save its results first. */
  stopAgent(id: string, options: { soft: boolean; signal: AbortSignal }): Promise<void>;
  getResources(signal: AbortSignal): Promise<PhantombusterResources>;
}

/** https://hub.phantombuster.com/reference/get_agents-fetch-1 */
export function createAgents(http: Http): PhantombusterAgents {
  return {
    async listAgents(signal) {
      const request = { ...policyOf("read_agents"), path: "/agents/fetch-all", schema: AgentList, signal };
      const { data } = await http.request(request);
      return data.map((agent) => ({ ...toAgent(agent), runningCount: agent.nbContainersRunning ?? null }));
    },
    async getAgent(id, signal) {
      const request = { ...policyOf("read_agents"), path: "/agents/fetch", schema: AgentReply, signal };
      return toAgent((await http.request({ ...request, query: { id } })).data);
    },
    async getAgentOutput(id, after, signal) {
      const seen = { prevContainerId: after?.containerId, fromOutputPos: after?.outputPos, prevStatus: after?.status };
      const request = { ...policyOf("read_output"), path: "/agents/fetch-output", schema: AgentOutputReply, signal };
      const { data } = await http.request({ ...request, query: { id, ...seen } });
      const { containerId = null, status, output, outputPos = null, progress = null, isAgentRunning } = data;
      return { containerId, status, output: output ?? "", outputPos, progress, isRunning: isAgentRunning };
    },
    async stopAgent(id, { soft, signal }) {
      const request = { ...policyOf("stop"), method: "POST" as const, path: "/agents/stop", signal };
      await http.request({ ...request, body: { id, softAbort: soft }, schema: z.unknown() });
    },
    async getResources(signal) {
      const request = { ...policyOf("read_resources"), path: "/orgs/fetch-resources", schema: ResourcesReply, signal };
      const { plan, ...reported } = (await http.request(request)).data;
      return {
        planName: plan.name,
        parallelism: plan.parallelism,
        dailyExecutionTime: { reported: reported.dailyExecutionTime, plan: plan.dailyExecutionTime },
        monthlyExecutionTime: { reported: reported.monthlyExecutionTime, plan: plan.monthlyExecutionTime ?? null },
        dailyResetAt: reported.dailyResourceNextResetAt,
      };
    },
  };
}

function toAgent({ id, name, script, launchType, lastEndType }: z.infer<typeof AgentReply>): PhantombusterAgent {
  return {
    id,
    name: name ?? null,
    script: script ?? null,
    launchType: launchType ?? null,
    lastEndType: lastEndType ?? null,
  };
}
