import { findActor, type SimulatedActor, simulatedActors } from "./actors.ts";
import { z } from "zod";
import type { Answer } from "./answer.ts";
import { describePricing } from "./describe-run.ts";
import { findTask } from "./run-routes.ts";
import { type ApifyState, type Exchange, makeId, parseJson, type SimulatedTask, userIdOf } from "./simulator-state.ts";
import { found, pageOf, readPageWish, refuse } from "./wording.ts";

const at = "2026-01-01T00:00:00.000Z";
const tasksKept = 500;

/** https://docs.apify.com/api/v2/store-get */
export function searchStore({ query }: Exchange): Answer {
  const words = (query.get("search") ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  const [category, username, model] = ["category", "username", "pricingModel"].map(
    (name) => query.get(name) ?? undefined,
  );
  const chosen = simulatedActors.filter(
    (actor) =>
      words.every((word) => `${actor.title} ${actor.name} ${actor.description}`.toLowerCase().includes(word)) &&
      (category === undefined || actor.categories.includes(category)) &&
      (username === undefined || actor.username === username) &&
      (model === undefined || actor.pricing.pricingModel === model),
  );
  const page = pageOf(chosen, { ...readPageWish(query), isDescending: false });
  const items = page.items.map(({ id, title, name, username: owner, description, categories, pricing }) => ({
    id,
    title,
    name,
    username: owner,
    description,
    categories,
    notice: "NONE",
    stats: describeStats(),
    currentPricingInfo: describePricing(pricing),
  }));
  return found({ ...page, items });
}

function describeStats(): Record<string, unknown> {
  return { totalRuns: 0, totalUsers: 0, totalBuilds: 1 };
}

/** Those that were used; all of them here. https://docs.apify.com/api/v2/acts-get */
export function listActors({ query }: Exchange): Answer {
  const page = pageOf(simulatedActors, readPageWish(query));
  const items = page.items.map(({ id, name, username, title }) => ({
    id,
    name,
    username,
    title,
    createdAt: at,
    modifiedAt: at,
    stats: describeStats(),
  }));
  return found({ ...page, items });
}

/** https://docs.apify.com/api/v2/act-get */
export function getActor({ state }: Exchange, name: string): Answer {
  const actor = findActor(name);
  return actor ? found(describeActor(state, actor)) : refuse(404, "actor-not-found");
}

function describeActor(state: ApifyState, actor: SimulatedActor): Record<string, unknown> {
  const { id, name, username, title, description, categories, pricing, memoryMbytes } = actor;
  return {
    id,
    userId: userIdOf(state),
    name,
    username,
    title,
    description,
    categories,
    isPublic: true,
    createdAt: at,
    modifiedAt: at,
    stats: describeStats(),
    versions: [{ versionNumber: "1.0", sourceType: "SOURCE_FILES", buildTag: "latest" }],
    pricingInfos: [describePricing(pricing)],
    defaultRunOptions: { build: "latest", timeoutSecs: 3_600, memoryMbytes },
    exampleRunInput: { body: "{}", contentType: "application/json" },
    isDeprecated: false,
    taggedBuilds: { latest: { buildId: `build-${name}`, buildNumber: "1.0.7", finishedAt: at } },
  };
}

/** The input's schema is JSON inside a string. https://docs.apify.com/api/v2/act-build-default-get */
export function getDefaultBuild({ state }: Exchange, name: string): Answer {
  const actor = findActor(name);
  if (!actor) return refuse(404, "actor-not-found");
  const { title, description } = actor;
  const { $schema: _, ...schema } = z.toJSONSchema(actor.input);
  return found({
    id: `build-${actor.name}`,
    actId: actor.id,
    userId: userIdOf(state),
    startedAt: at,
    finishedAt: at,
    status: "SUCCEEDED",
    meta: { origin: "DEVELOPMENT" },
    buildNumber: "1.0.7",
    inputSchema: JSON.stringify({ title, schemaVersion: 1, ...schema }),
    readme: `# ${title}\n\n${description} VENDOR TEXT: a readme of an Actor's author.`,
  });
}

/** https://docs.apify.com/api/v2/act-validate-input-post */
export function validateInput({ body }: Exchange, name: string): Answer {
  const actor = findActor(name);
  if (!actor) return refuse(404, "actor-not-found");
  const isValid = actor.input.safeParse(parseJson(body)).success;
  return isValid ? { status: 200, json: { valid: true } } : refuse(400, "invalid-input");
}

/** https://docs.apify.com/api/v2/actor-tasks-get */
export function listTasks({ state, query }: Exchange): Answer {
  const page = pageOf([...state.tasks.values()], readPageWish(query));
  return found({ ...page, items: page.items.map((task) => describeTask(state, task)) });
}

export function getTask({ state }: Exchange, name: string): Answer {
  const task = findTask(state, name);
  if (!task) return refuse(404);
  const { actName: _, actUsername: _owner, ...described } = describeTask(state, task);
  return found({ ...described, input: task.input, options: { build: "latest" } });
}

const TaskWish = z.looseObject({
  actId: z.string(),
  name: z.string().optional(),
  input: z.record(z.string(), z.unknown()).nullish(),
});

export function createTask(exchange: Exchange): Answer {
  const { state, body } = exchange;
  const wish = TaskWish.safeParse(parseJson(body));
  const actor = findActor(wish.data?.actId ?? "");
  if (!wish.success || !actor) return refuse(400, "schema-validation");
  if (state.tasks.size >= tasksKept) return refuse(402, "too-many-actor-tasks");
  const id = makeId(state);
  const { name = `task-${id}`, input } = wish.data;
  if (findTask(state, name)) return refuse(400, "actor-task-name-not-unique");
  state.tasks.set(id, { id, actorId: actor.id, name, input: input ?? {}, createdAt: state.clock.now() });
  return { ...getTask(exchange, id), status: 201 };
}

function describeTask(state: ApifyState, task: SimulatedTask): Record<string, unknown> {
  const actor = findActor(task.actorId);
  const created = new Date(task.createdAt).toISOString();
  return {
    id: task.id,
    userId: userIdOf(state),
    actId: task.actorId,
    actName: actor?.name ?? null,
    actUsername: actor?.username ?? null,
    name: task.name,
    username: "simulated",
    createdAt: created,
    modifiedAt: created,
    stats: { totalRuns: [...state.runs.values()].filter(({ taskId }) => taskId === task.id).length },
  };
}
