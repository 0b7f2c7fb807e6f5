import { createHmac, timingSafeEqual } from "node:crypto";
import { AppError } from "@sophia/core/errors/app-error";
import type { Http } from "@sophia/core/http/http";
import { z } from "zod";
import { policyOf } from "./operations.ts";
import { type ApifyRun, toRun } from "./run.ts";
import { RunFields, WebhookReply } from "./schemas.ts";

/** Written with underscores, where a run's status has hyphens. */
export const apifyRunEvents = [
  "ACTOR.RUN.SUCCEEDED",
  "ACTOR.RUN.FAILED",
  "ACTOR.RUN.TIMED_OUT",
  "ACTOR.RUN.ABORTED",
] as const;
export type ApifyRunEventType = (typeof apifyRunEvents)[number];

export interface ApifyRunEvent {
  /** The same for each delivery of one event: the vendor repeats it until it is answered with a 2xx. */
  dispatchId: string;
  type: ApifyRunEventType;
  runId: string;
  tag: string;
  /** As it was at the event; its cost is not settled yet. */
  run?: ApifyRun;
}

export interface ApifyWebhooks {
  /**
   * Asks the vendor to tell of the run's end. Polling works without; a run that has ended already tells nobody any
   * more. Harmless when repeated: the tag is the idempotency key. https://docs.apify.com/api/v2/webhooks-post
   */
  addWebhook(
    webhook: { runId: string; url: string; tag: string; signature: string },
    signal: AbortSignal,
  ): Promise<{ webhookId: string }>;
}

export function createWebhooks(http: Http): ApifyWebhooks {
  return {
    async addWebhook({ runId, url, tag, signature }, signal) {
      const body = {
        isAdHoc: true,
        eventTypes: apifyRunEvents,
        condition: { actorRunId: runId },
        idempotencyKey: tag,
        requestUrl: url,
        // In the body of this request and in a header of theirs: a secret in an address lands in logs.
        headersTemplate: JSON.stringify({ [tagHeader]: tag, [signatureHeader]: signature }),
      };
      const request = { ...policyOf("add_webhook"), method: "POST", path: "/webhooks", body, signal } as const;
      return { webhookId: (await http.request({ ...request, schema: WebhookReply })).data.data.id };
    },
  };
}

const tagHeader = "x-sophia-run";
const signatureHeader = "x-sophia-signature";

/** What the vendor has to show for one run: of no use for another. `key` is this installation's own. */
export function signWebhook(key: Uint8Array, tag: string): string {
  return createHmac("sha256", key).update(`apify webhook\0${tag}`).digest("hex");
}

const Payload = z.object({
  eventType: z.string(),
  eventData: z.object({ actorRunId: z.string() }),
  resource: z.unknown(),
});

/**
 * A delivery that came in → the event; `undefined`: an event of another kind, to be answered with a 2xx and forgotten.
 * Throws AppError `denied` when it was not signed by us, `invalid_input` when it is not the vendor's form.
 * Header names in lower case. What it says is still only a hint: read the run itself before acting on it.
 */
export function readWebhook(
  delivery: { headers: Readonly<Record<string, string | undefined>>; body: string },
  key: Uint8Array,
): ApifyRunEvent | undefined {
  const { headers, body } = delivery;
  const tag = headers[tagHeader] ?? "";
  if (!isSame(headers[signatureHeader] ?? "", signWebhook(key, tag))) {
    throw new AppError("denied", "This delivery does not carry our signature.", {
      hint: "Only webhooks that Sophia added itself are accepted.",
      service: "apify",
    });
  }
  const payload = Payload.safeParse(parse(body)).data;
  const dispatchId = headers["x-apify-webhook-dispatch-id"];
  if (!payload || dispatchId === undefined || dispatchId === "") {
    throw new AppError("invalid_input", "This delivery is not an event of Apify.", {
      hint: "Leave the payload template of the webhook at its default.",
      service: "apify",
    });
  }
  const type = apifyRunEvents.find((each) => each === payload.eventType);
  if (type === undefined) return undefined;
  const run = RunFields.safeParse(payload.resource).data;
  return { dispatchId, type, runId: payload.eventData.actorRunId, tag, ...(run && { run: toRun(run) }) };
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function isSame(left: string, right: string): boolean {
  const [one, other] = [Buffer.from(left), Buffer.from(right)];
  return one.length === other.length && timingSafeEqual(one, other);
}
