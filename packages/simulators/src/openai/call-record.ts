import type { ServerResponse } from "node:http";

/** One call to a model, as it arrived. */
export interface RecordedCall {
  path: string;
  model: string;
  stream: boolean;
  body: Record<string, unknown>;
  /** The caller went away before the end of the answer. */
  abandoned: boolean;
}

/** The newest are kept: a simulator may run for weeks. */
const callsKept = 2_000;

export function recordCall(
  calls: RecordedCall[],
  path: string,
  body: { model: string; stream?: boolean | null | undefined; [name: string]: unknown },
  response: ServerResponse,
): RecordedCall {
  const call = { path, model: body.model, stream: body.stream === true, body, abandoned: false };
  calls.push(call);
  if (calls.length > callsKept) calls.shift();
  response.once("close", () => {
    call.abandoned = !response.writableFinished;
  });
  return call;
}
