import type { DirectRequest } from "../http/direct-calls.ts";
import type { Http } from "../http/http.ts";

export function directRequest(more: Partial<DirectRequest> = {}): DirectRequest {
  return {
    path: "/x",
    body: "{}",
    operation: "chat",
    timeoutMs: 1_500,
    maxBytes: 1 << 20,
    signal: new AbortController().signal,
    ...more,
  };
}

/** Resolves with the body's text. */
type DirectWay = (http: Http, more?: Partial<DirectRequest>) => Promise<string>;

/** The two ways of a direct call, brought to one form: what holds for one must hold for the other. */
export const directWays: readonly [string, DirectWay][] = [
  ["whole", async (http, more) => (await http.postDirect(directRequest(more))).body.toString()],
  [
    "relayed",
    async (http, more) => {
      const relay = await http.relayDirect(directRequest(more));
      const chunks: Buffer[] = [];
      await new Promise<void>((resolve, reject) => {
        relay.pipe({ data: (chunk) => chunks.push(chunk) > 0, end: resolve, fail: reject });
      });
      return Buffer.concat(chunks).toString();
    },
  ],
];

export async function failure(call: Promise<unknown>): Promise<Record<string, unknown>> {
  return await call.then(
    () => Promise.reject(new Error("it succeeded")),
    (error: unknown) => error as Record<string, unknown>,
  );
}
