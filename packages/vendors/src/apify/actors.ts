import { AppError } from "@sophia/core/errors/app-error";
import { parseJson } from "@sophia/core/http/json";
import type { Http } from "@sophia/core/http/http";
import { apiPath } from "@sophia/core/http/target";
import { z } from "zod";
import { policyOf } from "./operations.ts";
import { given } from "./run.ts";
import {
  ActorReply,
  BuildReply,
  OwnActorList,
  type Pricing,
  StoreActorList,
  TaskList,
  TaskReply,
  ValidityReply,
} from "./schemas.ts";
import { stripSecrets } from "./strip-secrets.ts";

export interface ApifyActor {
  id: string;
  /** `username~name`: what a start takes. */
  name: string;
  /** Title and description are their author's own words: untrusted. */
  title?: string;
  description?: string;
  runCount?: number;
  userCount?: number;
  pricing?: Pricing;
}

export interface ApifyActorDetails extends ApifyActor {
  isDeprecated: boolean;
  /** JSON schema of the input; absent: the Actor has none. Untrusted. */
  inputSchema?: Readonly<Record<string, unknown>>;
  defaultMemoryMbytes?: number;
  defaultTimeoutSecs?: number;
}

export interface ApifyTask {
  id: string;
  name: string;
  title?: string;
  actorId: string;
  actorName?: string;
  /** The task's own input, with what is named like a credential as `***`. Only of a single task. */
  input?: Readonly<Record<string, unknown>>;
}

export interface ApifyStoreSearch {
  search?: string;
  category?: string;
  pricingModel?: "FREE" | "FLAT_PRICE_PER_MONTH" | "PRICE_PER_DATASET_ITEM" | "PAY_PER_EVENT";
  offset?: number;
  /** At most 1,000. */
  limit: number;
}

type Page = { offset?: number; limit: number };

export interface ApifyActors {
  searchActors(search: ApifyStoreSearch, signal: AbortSignal): Promise<{ total: number; actors: ApifyActor[] }>;
  /** Own ones, and those that were used. */
  listActors(page: Page, signal: AbortSignal): Promise<{ total: number; actors: ApifyActor[] }>;
  /** By id or `username~name`, with the input's schema. */
  getActor(name: string, signal: AbortSignal): Promise<ApifyActorDetails>;
  /** False: a run with this input would be refused. Starts nothing. */
  validateInput(actor: string, input: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<boolean>;
  listTasks(page: Page, signal: AbortSignal): Promise<{ total: number; tasks: ApifyTask[] }>;
  getTask(name: string, signal: AbortSignal): Promise<ApifyTask>;
}

const InputSchema = z.record(z.string(), z.unknown());
const policy = policyOf("read_catalogue");

/** https://docs.apify.com/api/v2/actors */
export function createActors(http: Http): ApifyActors {
  return {
    async searchActors(search, signal) {
      const request = { ...policy, path: "/store", query: { ...search }, schema: StoreActorList, signal };
      const { total, items } = (await http.request(request)).data.data;
      const actors = items.map(({ stats, currentPricingInfo, ...fields }) => ({
        ...toActor(fields),
        ...given("runCount", stats?.totalRuns),
        ...given("userCount", stats?.totalUsers),
        ...given("pricing", currentPricingInfo),
      }));
      return { total, actors };
    },
    async listActors(page, signal) {
      const query = { ...page, desc: true };
      const { data } = await http.request({ ...policy, path: "/actors", query, schema: OwnActorList, signal });
      return { total: data.data.total, actors: data.data.items.map(toActor) };
    },
    async getActor(name, signal) {
      const actor = http.request({ ...policy, path: apiPath`/actors/${name}`, schema: ActorReply, signal });
      const path = apiPath`/actors/${name}/builds/default`;
      const build = http.request({ ...policy, path, schema: BuildReply, signal });
      const [{ data: found }, { data: built }] = await Promise.all([actor, build]);
      return toDetails(found.data, built.data);
    },
    async validateInput(actor, input, signal) {
      const path = apiPath`/actors/${actor}/validate-input`;
      const request = { ...policyOf("validate_input"), method: "POST", path, body: input, signal } as const;
      try {
        return (await http.request({ ...request, schema: ValidityReply })).data.valid;
      } catch (error) {
        if (error instanceof AppError && error.kind === "invalid_input" && error.status === 400) return false;
        throw error;
      }
    },
    async listTasks(page, signal) {
      const query = { ...page, desc: true };
      const { data } = await http.request({ ...policy, path: "/actor-tasks", query, schema: TaskList, signal });
      return { total: data.data.total, tasks: data.data.items.map(toTask) };
    },
    async getTask(name, signal) {
      const path = apiPath`/actor-tasks/${name}`;
      return toTask((await http.request({ ...policy, path, schema: TaskReply, signal })).data.data);
    },
  };
}

interface NamedActor {
  id: string;
  name: string;
  username: string;
  title?: string | null | undefined;
  description?: string | null | undefined;
}

function toActor({ id, name, username, title, description }: NamedActor): ApifyActor {
  return { id, name: `${username}~${name}`, ...given("title", title), ...given("description", description) };
}

function toDetails(
  actor: z.output<typeof ActorReply>["data"],
  build: z.output<typeof BuildReply>["data"],
): ApifyActorDetails {
  const { pricingInfos, defaultRunOptions, isDeprecated } = actor;
  return {
    ...toActor(actor),
    isDeprecated: isDeprecated ?? false,
    // The last one is the one that holds.
    ...given("pricing", pricingInfos?.at(-1)),
    ...given("inputSchema", build.actorDefinition?.input ?? readSchema(build.inputSchema)),
    ...given("defaultMemoryMbytes", defaultRunOptions?.memoryMbytes),
    ...given("defaultTimeoutSecs", defaultRunOptions?.timeoutSecs),
  };
}

/** JSON inside a string, written by the Actor's author. */
function readSchema(text: string | null | undefined): Record<string, unknown> | undefined {
  if (text === null || text === undefined || text === "") return undefined;
  try {
    return InputSchema.safeParse(parseJson(text)).data;
  } catch {
    return undefined;
  }
}

function toTask(fields: z.output<typeof TaskReply>["data"]): ApifyTask {
  const { id, name, title, actId: actorId, actName, actUsername, input } = fields;
  const actorName = actName && actUsername ? `${actUsername}~${actName}` : undefined;
  return {
    id,
    name,
    ...given("title", title),
    actorId,
    ...given("actorName", actorName),
    ...given("input", input && (stripSecrets(input) as Record<string, unknown>)),
  };
}
