import { z } from "zod";
import type { Answer } from "./answer.ts";
import { endOf, type RunStatus, type SimulatedRun, statusAt } from "./run-machine.ts";
import type { ApifyState, Exchange } from "./simulator-state.ts";
import { makeId, parseJson, userIdOf } from "./simulator-state.ts";
import { postEvent } from "./post-event.ts";
import { found, pageOf, readPageWish, refuse } from "./wording.ts";

const WebhookWish = z.looseObject({
  eventTypes: z.array(z.string()).min(1),
  condition: z.object({ actorId: z.string().nullish(), actorRunId: z.string().nullish() }),
  requestUrl: z.url(),
  idempotencyKey: z.string().nullish(),
  payloadTemplate: z.string().nullish(),
  headersTemplate: z.string().nullish(),
  isAdHoc: z.boolean().nullish(),
});
type WebhookWish = z.output<typeof WebhookWish>;

interface Webhook extends WebhookWish {
  id: string;
  createdAt: number;
}

interface Dispatch {
  id: string;
  webhook: Webhook;
  createdAt: number;
  status: "ACTIVE" | "SUCCEEDED" | "FAILED";
  eventType: string;
  eventData: { actorId: string; actorRunId: string };
  calls: { startedAt: string; finishedAt: string; errorMessage: string | null; responseStatus: number | null }[];
}

/** Events of runs, sent to those who asked. https://docs.apify.com/platform/integrations/webhooks */
export interface Webhooks {
  create(exchange: Exchange): Answer;
  /** The `webhooks` of a start: JSON in base64. */
  addFromStart(runId: string, encoded: string | null): void;
  list(query: URLSearchParams): Answer;
  listDispatches(query: URLSearchParams): Answer;
  getDispatch(id: string): Answer;
}

const kept = 2_000;
const deliveries = 3;
const firstPauseMs = 60_000;
/** Written with underscores where a status has hyphens. */
const eventOf: Partial<Record<RunStatus, string>> = {
  SUCCEEDED: "ACTOR.RUN.SUCCEEDED",
  FAILED: "ACTOR.RUN.FAILED",
  "TIMED-OUT": "ACTOR.RUN.TIMED_OUT",
  ABORTED: "ACTOR.RUN.ABORTED",
};

interface WebhookOptions {
  state: () => ApifyState;
  closed: AbortSignal;
  describeRun(state: ApifyState, run: SimulatedRun): Record<string, unknown>;
}

export function createWebhooks(options: WebhookOptions): Webhooks {
  return new WebhookBook(options);
}

class WebhookBook implements Webhooks {
  readonly #options: WebhookOptions;
  readonly #webhooks: Webhook[] = [];
  readonly #dispatches: Dispatch[] = [];

  constructor(options: WebhookOptions) {
    this.#options = options;
  }

  create({ state, body }: Exchange): Answer {
    const wish = WebhookWish.safeParse(parseJson(body));
    if (!wish.success) return refuse(400, "schema-validation");
    return found(describeWebhook(state, this.#add(wish.data)), 201);
  }

  addFromStart(runId: string, encoded: string | null): void {
    if (encoded === null) return;
    const wishes: unknown = JSON.parse(Buffer.from(encoded, "base64").toString("utf8"));
    for (const wish of z.array(z.looseObject({})).parse(wishes)) {
      this.#add(WebhookWish.parse({ ...wish, isAdHoc: true, condition: { actorRunId: runId } }));
    }
  }

  list(query: URLSearchParams): Answer {
    const page = pageOf(this.#webhooks, readPageWish(query));
    return found({ ...page, items: page.items.map((webhook) => describeWebhook(this.#options.state(), webhook)) });
  }

  listDispatches(query: URLSearchParams): Answer {
    const page = pageOf(this.#dispatches, readPageWish(query));
    return found({ ...page, items: page.items.map((dispatch) => describeDispatch(this.#options.state(), dispatch)) });
  }

  getDispatch(id: string): Answer {
    const dispatch = this.#dispatches.find((each) => each.id === id);
    return dispatch ? found(describeDispatch(this.#options.state(), dispatch)) : refuse(404);
  }

  /** One for each idempotency key. */
  #add(wish: WebhookWish): Webhook {
    const key = wish.idempotencyKey ?? undefined;
    const known = key === undefined ? undefined : this.#webhooks.find((each) => each.idempotencyKey === key);
    if (known) return known;
    const state = this.#options.state();
    const webhook = { ...wish, id: makeId(state), createdAt: state.clock.now() };
    this.#webhooks.push(webhook);
    if (this.#webhooks.length > kept) this.#webhooks.shift();
    const run = state.runs.get(wish.condition.actorRunId ?? "");
    // What has ended already tells nobody any more.
    if (run && state.clock.now() < endOf(run)) void this.#follow(run, webhook).catch(() => {});
    return webhook;
  }

  async #follow(run: SimulatedRun, webhook: Webhook): Promise<void> {
    const state = this.#options.state();
    // An abort moves the end nearer.
    const stepMs = Math.max(1, 1_000 * run.scale);
    for (let left = endOf(run) - state.clock.now(); left > 0; left = endOf(run) - state.clock.now()) {
      await state.clock.sleep(Math.min(stepMs, left), this.#options.closed);
    }
    const eventType = eventOf[statusAt(run, state.clock.now())] ?? "";
    if (!webhook.eventTypes.includes(eventType)) return;
    const createdAt = state.clock.now();
    const eventData = { actorId: run.actor.id, actorRunId: run.id };
    const dispatch: Dispatch = {
      id: makeId(state),
      webhook,
      createdAt,
      status: "ACTIVE",
      eventType,
      eventData,
      calls: [],
    };
    this.#dispatches.push(dispatch);
    if (this.#dispatches.length > kept) this.#dispatches.shift();
    const resource = this.#options.describeRun(state, run);
    const at = new Date(createdAt).toISOString();
    const values = { userId: userIdOf(state), createdAt: at, eventType, eventData, resource };
    await this.#deliver(dispatch, { values, pauseMs: firstPauseMs * run.scale });
  }

  async #deliver(
    dispatch: Dispatch,
    { values, pauseMs }: { values: Record<string, unknown>; pauseMs: number },
  ): Promise<void> {
    const { clock } = this.#options.state();
    const { closed } = this.#options;
    for (let attempt = 0; attempt < deliveries; attempt += 1) {
      if (attempt > 0) await clock.sleep(pauseMs * 2 ** (attempt - 1), closed);
      const startedAt = new Date(clock.now()).toISOString();
      const responseStatus = await postEvent({ ...dispatch.webhook, dispatchId: dispatch.id }, values, closed);
      const finishedAt = new Date(clock.now()).toISOString();
      const errorMessage = responseStatus === null ? "VENDOR TEXT: no answer" : null;
      dispatch.calls.push({ startedAt, finishedAt, errorMessage, responseStatus });
      if (responseStatus !== null && responseStatus >= 200 && responseStatus < 300) {
        dispatch.status = "SUCCEEDED";
        return;
      }
    }
    dispatch.status = "FAILED";
  }
}

function describeWebhook(state: ApifyState, webhook: Webhook): Record<string, unknown> {
  const at = new Date(webhook.createdAt).toISOString();
  const { id, isAdHoc, eventTypes, condition, requestUrl, payloadTemplate, headersTemplate } = webhook;
  const templates = { payloadTemplate: payloadTemplate ?? null, headersTemplate: headersTemplate ?? null };
  return {
    id,
    createdAt: at,
    modifiedAt: at,
    userId: userIdOf(state),
    isAdHoc: isAdHoc ?? false,
    eventTypes,
    condition,
    ignoreSslErrors: false,
    doNotRetry: false,
    requestUrl,
    ...templates,
  };
}

function describeDispatch(state: ApifyState, dispatch: Dispatch): Record<string, unknown> {
  const { id, webhook, createdAt, status, eventType, eventData, calls } = dispatch;
  const at = new Date(createdAt).toISOString();
  return { id, userId: userIdOf(state), webhookId: webhook.id, createdAt: at, status, eventType, eventData, calls };
}
