import { ProtocolError, ProtocolErrorCode, type ServerContext } from "@modelcontextprotocol/server";
import { type AppError, type ErrorKind, toAppError } from "../errors/app-error.ts";
import type { Scrubber } from "../observe/scrub.ts";
import { readTraceContext } from "../observe/trace.ts";
import { InputRequired } from "./client-channel.ts";
import type { Caller } from "../approval/caller.ts";
import { defaultDeadlineMs } from "./dispatch.ts";
import type { Policy } from "./policy.ts";
import { type ServedRequests, signalOf } from "./sdk-channel.ts";
import { errorData } from "./tool-error.ts";

export interface MethodGuardOptions {
  policy: Policy;
  scrubber: Scrubber;
  newRequestId(): string;
}

/**
 * Runs a method that is no tool call (prompts, resources, completions) under the same policy. What it returns is
 * scrubbed; what it throws leaves as a protocol error in our own words. Lists are not guarded: they are constants.
 */
export type MethodGuard = <Result extends object>(
  request: GuardedRequest,
  work: () => Promise<Result>,
) => Promise<Result>;

export interface GuardedRequest {
  method: string;
  params: unknown;
  context: ServerContext;
  /** The protocol's own error for what is not there. Default: invalid params. */
  toNotFound?(message: string): ProtocolError;
}

export function createMethodGuard(options: MethodGuardOptions, caller: Caller, served: ServedRequests): MethodGuard {
  return async function guard<Result extends object>(
    { method, params, context, toNotFound }: GuardedRequest,
    work: () => Promise<Result>,
  ): Promise<Result> {
    const requestId = options.newRequestId();
    const operation = {
      method,
      name: method,
      effect: "read",
      arguments: params,
      caller,
      requestId,
      signal: signalOf(context, served),
      deadlineMs: defaultDeadlineMs,
      success: "ok" as const,
      trace: readTraceContext(context.mcpReq._meta),
    };
    try {
      // The same shape with other texts.
      return options.scrubber.scrubValue(await options.policy.run(operation, work)) as Result;
    } catch (thrown) {
      if (thrown instanceof InputRequired) throw thrown;
      const error = toAppError(thrown);
      if (error.kind === "not_found" && toNotFound) throw toNotFound(options.scrubber.scrub(error.message));
      throw toProtocolError(error, requestId, options.scrubber);
    }
  };
}

/** The caller's own mistakes; everything else is ours. */
const callerMistakes: ReadonlySet<ErrorKind> = new Set(["invalid_input", "not_found"]);

function toProtocolError(error: AppError, requestId: string, scrubber: Scrubber): ProtocolError {
  const code = callerMistakes.has(error.kind) ? ProtocolErrorCode.InvalidParams : ProtocolErrorCode.InternalError;
  return new ProtocolError(code, scrubber.scrub(error.message), scrubber.scrubValue(errorData(error, requestId)));
}
