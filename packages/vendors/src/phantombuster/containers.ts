import { AppError } from "@sophia/core/errors/app-error";
import type { Http } from "@sophia/core/http/http";
import { parseJson } from "@sophia/core/http/json";
import type { Clock } from "@sophia/core/limits/clock";
import { type PhantombusterContainer, toContainer } from "./container.ts";
import {
  findLaunch,
  launchAgent,
  listContainers,
  type PhantombusterLaunch,
  type PhantombusterLaunchOutcome,
  type PhantombusterLaunchSearch,
} from "./launch.ts";
import { policyOf } from "./operations.ts";
import { ContainerReply, OutputReply, ResultReply } from "./schemas.ts";

export interface PhantombusterContainers {
  /** Sent once, see {@link launchAgent}. */
  launch(launch: PhantombusterLaunch, signal: AbortSignal): Promise<PhantombusterLaunchOutcome>;
  findLaunch(wanted: PhantombusterLaunchSearch, signal: AbortSignal): Promise<PhantombusterContainer | undefined>;
  /** The agent's 100 newest. */
  listContainers(agentId: string, signal: AbortSignal): Promise<PhantombusterContainer[]>;
  getContainer(id: string, signal: AbortSignal): Promise<PhantombusterContainer>;
  /** Asks until it has ended or `waitMs` have passed; then it is told as it stands, and can be waited for again. */
  waitForContainer(id: string, options: { waitMs: number; signal: AbortSignal }): Promise<PhantombusterContainer>;
  /** What the run came to, untrusted; `null`: nothing (yet). Throws AppError `bad_reply` when it is no sound JSON. */
  getResult(id: string, signal: AbortSignal): Promise<unknown>;
  /** The run's log, untrusted; empty: none (yet). */
  getOutput(id: string, signal: AbortSignal): Promise<string>;
}

const firstPollMs = 2_000;
const longestPollMs = 10_000;

/** https://hub.phantombuster.com/reference/get_containers-fetch-1 */
export function createContainers(http: Http, clock: Clock): PhantombusterContainers {
  async function getContainer(id: string, signal: AbortSignal): Promise<PhantombusterContainer> {
    const request = { ...policyOf("read_container"), path: "/containers/fetch", schema: ContainerReply, signal };
    return toContainer((await http.request({ ...request, query: { id } })).data);
  }

  return {
    launch: (launch, signal) => launchAgent(http, clock, launch, signal),
    findLaunch: (wanted, signal) => findLaunch(http, wanted, signal),
    listContainers: (agentId, signal) => listContainers(http, agentId, signal),
    getContainer,
    async waitForContainer(id, { waitMs, signal }) {
      const endsAt = clock.monotonic() + waitMs;
      for (let pauseMs = firstPollMs; ; pauseMs = Math.min(longestPollMs, pauseMs * 1.5)) {
        const container = await getContainer(id, signal);
        const leftMs = endsAt - clock.monotonic();
        if (container.isEnded || leftMs <= 0) return container;
        await clock.sleep(Math.min(pauseMs, leftMs), signal);
      }
    },
    async getResult(id, signal) {
      const request = { ...policyOf("read_result"), path: "/containers/fetch-result-object", schema: ResultReply };
      const { resultObject } = (await http.request({ ...request, query: { id }, signal })).data;
      return resultObject === null || resultObject === undefined ? null : readResult(resultObject);
    },
    async getOutput(id, signal) {
      const request = { ...policyOf("read_output"), path: "/containers/fetch-output", schema: OutputReply, signal };
      return (await http.request({ ...request, query: { id, mode: "json" } })).data?.output ?? "";
    },
  };
}

/** JSON inside a string inside JSON. */
function readResult(text: string): unknown {
  try {
    return parseJson(text);
  } catch (cause) {
    throw new AppError("upstream", "Bad reply from phantombuster: a result that is not sound JSON.", {
      hint: "Read the container's output instead.",
      service: "phantombuster",
      reason: "bad_reply",
      retryable: false,
      cause,
    });
  }
}
