import { AppError } from "@sophia/core/errors/app-error";
import type { Http } from "@sophia/core/http/http";
import type { Clock } from "@sophia/core/limits/clock";
import { z } from "zod";
import { type PhantombusterContainer, tagName, toContainer } from "./container.ts";
import { policyOf } from "./operations.ts";
import { ContainerList, LaunchReply } from "./schemas.ts";

export interface PhantombusterLaunch {
  agentId: string;
  /** Laid over the agent's saved argument for this launch only. */
  bonusArgument: Readonly<Record<string, unknown>>;
  /** 8 to 64 letters, digits, `-` and `_`, one for each launch that is wanted: by it the container is found again. */
  tag: string;
}

/** `unknown`: it may have been launched. It must not be sent again; a look-up later may still find it. */
export type PhantombusterLaunchOutcome =
  | { outcome: "launched"; containerId: string }
  | { outcome: "unknown"; tag: string };

export interface PhantombusterLaunchSearch {
  agentId: string;
  tag: string;
}

const tagPattern = /^[\w-]{8,64}$/;
// A container may show in the list a moment after its launch.
const lookUpPausesMs = [0, 250, 1_000, 3_000, 8_000];
const containersLookedAt = 100;

/**
 * Launches an agent once, and only while it does not run. The request is never repeated after a byte of it may have
 * been read: when its answer is lost, the agent's containers are searched for the tag. Throws AppError when the vendor
 * refuses, or was not reached at all. https://hub.phantombuster.com/reference/post_agents-launch-1
 */
export async function launchAgent(
  http: Http,
  clock: Clock,
  launch: PhantombusterLaunch,
  signal: AbortSignal,
): Promise<PhantombusterLaunchOutcome> {
  const { agentId, tag, bonusArgument } = launch;
  assertTag(tag);
  try {
    const { data } = await http.request({
      ...policyOf("launch"),
      method: "POST",
      path: "/agents/launch",
      body: { id: agentId, bonusArgument, maxInstanceCount: 1, userCustomMetadata: { [tagName]: tag } },
      schema: z.unknown(),
      signal,
    });
    const reply = LaunchReply.safeParse(data);
    if (reply.success) return { outcome: "launched", containerId: reply.data.containerId };
  } catch (error) {
    if (!(error instanceof AppError) || error.reason !== "outcome_unknown") throw error;
  }
  return await searchAgain(http, clock, { agentId, tag }, signal);
}

async function searchAgain(
  http: Http,
  clock: Clock,
  wanted: PhantombusterLaunchSearch,
  signal: AbortSignal,
): Promise<PhantombusterLaunchOutcome> {
  for (const pauseMs of lookUpPausesMs) {
    await clock.sleep(pauseMs, signal);
    const container = await findLaunch(http, wanted, signal).catch((error: unknown) => {
      if (signal.aborted) throw error;
      // The vendor is in trouble, which is why we are here.
      return undefined;
    });
    if (container) return { outcome: "launched", containerId: container.id };
  }
  return { outcome: "unknown", tag: wanted.tag };
}

/**
 * The container that was launched with this tag; to be asked before a launch is sent again, e.g. after a crash. Not
 * found: it was not launched, is not listed yet, or is not among the agent's 100 newest.
 * https://hub.phantombuster.com/reference/get_containers-fetch-all-1
 */
export async function findLaunch(
  http: Http,
  { agentId, tag }: PhantombusterLaunchSearch,
  signal: AbortSignal,
): Promise<PhantombusterContainer | undefined> {
  assertTag(tag);
  return (await listContainers(http, agentId, signal)).find((container) => container.tag === tag);
}

/** The agent's newest, running ones too. */
export async function listContainers(
  http: Http,
  agentId: string,
  signal: AbortSignal,
): Promise<PhantombusterContainer[]> {
  const query = { agentId, mode: "all", limit: containersLookedAt };
  const request = {
    ...policyOf("list_containers"),
    path: "/containers/fetch-all",
    query,
    schema: ContainerList,
    signal,
  };
  return (await http.request(request)).data.containers.map(toContainer);
}

function assertTag(tag: string): void {
  if (tagPattern.test(tag)) return;
  throw new AppError("invalid_input", "The tag of a launch must be 8 to 64 letters, digits, - or _.", {
    hint: "Make one for each launch, e.g. the id of the job's step.",
  });
}
