const answerTimeoutMs = 30_000;
const defaultPayload =
  '{"userId":{{userId}},"createdAt":{{createdAt}},"eventType":{{eventType}},"eventData":{{eventData}},"resource":{{resource}}}';

/** Sends one event as the vendor does; gives the status of the answer. https://docs.apify.com/platform/integrations/webhooks/actions */
export async function postEvent(
  target: {
    requestUrl: string;
    dispatchId: string;
    headersTemplate?: string | null | undefined;
    payloadTemplate?: string | null | undefined;
  },
  values: Record<string, unknown>,
  closed: AbortSignal,
): Promise<number | null> {
  try {
    const answer = await fetch(target.requestUrl, {
      method: "POST",
      signal: AbortSignal.any([closed, AbortSignal.timeout(answerTimeoutMs)]),
      headers: {
        ...(JSON.parse(fillTemplate(target.headersTemplate ?? "{}", values)) as Record<string, string>),
        "content-type": "application/json",
        "x-apify-webhook": "true",
        "x-apify-webhook-dispatch-id": target.dispatchId,
        "x-apify-request-origin": "WEBHOOK",
      },
      body: fillTemplate(target.payloadTemplate ?? defaultPayload, values),
    });
    await answer.body?.cancel();
    return answer.status;
  } catch {
    return null;
  }
}

/** `{{name}}` becomes the value as JSON. */
function fillTemplate(template: string, values: Record<string, unknown>): string {
  return template.replace(/\{\{(\w+)\}\}/g, (_, name: string) => JSON.stringify(values[name] ?? null));
}
