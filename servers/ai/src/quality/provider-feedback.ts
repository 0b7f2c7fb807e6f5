import type { Jobs } from "@sophia/core/jobs/jobs";
import type { Clock } from "@sophia/core/limits/clock";
import type { ModelEndpoint } from "@sophia/vendors/openai-shape/model-endpoint";
import { createPortkeyClient } from "@sophia/vendors/portkey/client";
import type { Logger } from "pino";
import { z } from "zod";

/** Opinions passed on to whoever routed the call. */
export interface ProviderFeedback {
  /** Durable when it returns, sent behind it. False: that provider takes none. */
  send(opinion: { requestId: string; service: string; score: number }): Promise<boolean>;
  close(): Promise<void>;
}

const kind = "ai.provider-feedback";
const Input = z.object({ traceId: z.string(), value: z.int() });

/**
 * Portkey finds the call by the trace id that we gave it, which is the request's. It has no key against doubles: an
 * opinion that may have arrived is not sent again, and an equal one is one job.
 */
export function createProviderFeedback(options: {
  endpoints: readonly ModelEndpoint[];
  jobs: Pick<Jobs, "define" | "enqueue">;
  log: Logger;
  clock: Clock;
}): ProviderFeedback {
  const { endpoints, jobs, log, clock } = options;
  const place = endpoints.find(({ service, apiKey }) => service === "portkey" && apiKey !== undefined);
  const client = place?.apiKey && createPortkeyClient({ apiKey: place.apiKey, baseUrl: place.baseUrl, log, clock });
  jobs.define(kind, async ({ input, step, signal }) => {
    const opinion = Input.parse(input);
    if (!client) return { sent: false };
    await step("send", () => client.sendFeedback(opinion, signal), { repeatable: false });
    return { sent: true };
  });
  return {
    async send({ requestId, service, score }) {
      if (!client || service !== "portkey") return false;
      // Ours goes from 0 to 1, theirs from -10 to 10.
      const input = { traceId: requestId, value: Math.round(score * 20 - 10) };
      await jobs.enqueue({ kind, input, idempotencyKey: `${requestId}:${input.value}` });
      return true;
    },
    async close() {
      await client?.close();
    },
  };
}
