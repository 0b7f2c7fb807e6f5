import { hash } from "node:crypto";
import type { Logger } from "pino";
import type { Plans } from "../approval/plans.ts";
import { AppError, toAppError } from "../errors/app-error.ts";
import type { CallerLimiter } from "../limits/caller-limiter.ts";
import type { Clock } from "../limits/clock.ts";
import type { Audit } from "../observe/audit.ts";
import type { Scrubber } from "../observe/scrub.ts";
import { withSpan } from "../observe/trace.ts";
import type { AnyTool, Caller, ClientChannel, Progress, ToolContext } from "./define-tool.ts";
import { InputRequired } from "./client-channel.ts";
import { formatAnswer, formatErrorAnswer, type CallAnswer } from "./format-answer.ts";
import type { ResultShelf } from "./result-cap.ts";
import { errorText, inputError, refuseUnstorableText } from "./tool-error.ts";
import type { ToolTable } from "./tool-table.ts";

export interface CallRequest {
  name: string;
  arguments: unknown;
  caller: Caller;
  requestId: string;
  /** Aborts when the client cancels or goes away. */
  signal: AbortSignal;
  progress?: ((update: Progress) => void) | undefined;
  client?: ClientChannel | undefined;
}

export interface DispatchOptions<Services> {
  serverId: string;
  table: ToolTable<Services>;
  services: Services;
  readOnly: boolean;
  limiter: CallerLimiter;
  audit: Audit;
  plans: Plans;
  shelf: ResultShelf;
  observeCall(tool: string, outcome: string, durationMs: number): void;
  scrubber: Scrubber;
  log: Logger;
  clock: Clock;
}

export interface Dispatch {
  /** True when this caller may know of the tool. Others get the answer of a tool that does not exist. */
  knows(name: string, caller: Caller): boolean;
  /** Whether the call may have to ask its client something; `run_tool` is looked through. */
  isInteractive(name: string, values: unknown): boolean;
  /** Runs one call through limit → deadline → span → run → audit. Never throws, but for {@link InputRequired}. */
  call(request: CallRequest): Promise<CallAnswer>;
}

export const defaultDeadlineMs = 30_000;
const argumentsHashOf = (value: unknown): string => hash("sha256", JSON.stringify(value) ?? "");

/** The whole policy of the system: read it top to bottom. */
export function createDispatch<Services>(options: DispatchOptions<Services>): Dispatch {
  const { table, audit, clock } = options;

  async function call(request: CallRequest): Promise<CallAnswer> {
    const startedAt = clock.monotonic();
    let outcome = "ok";
    let target: Target<Services> | undefined;
    let leave: (() => void) | undefined;
    try {
      target = resolveTarget(table, request);
      const { tool } = target;
      leave = limit(options, request.caller, tool.name);
      const output = await withDeadline(request, tool.deadlineMs ?? defaultDeadlineMs, (context) =>
        withSpan(`tools/call ${tool.name}`, { "gen_ai.tool.name": tool.name, "mcp.method.name": "tools/call" }, () =>
          perform(options, tool, target?.arguments, context),
        ),
      );
      const answer = await formatAnswer({ ...options, caller: request.caller }, target, output);
      if ("plan" in tool) outcome = "planned";
      return answer;
    } catch (thrown) {
      if (thrown instanceof InputRequired) {
        outcome = "input_required";
        throw thrown;
      }
      const error = request.signal.aborted ? cancelled(thrown) : toAppError(thrown);
      outcome = request.signal.aborted ? "cancelled" : error.kind;
      options.log.debug({ requestId: request.requestId, tool: request.name, err: thrown }, "call failed");
      if (error.kind === "internal" || error.kind === "upstream") {
        options.log.warn({ requestId: request.requestId, tool: request.name, err: thrown }, "call failed");
      }
      return formatErrorAnswer(options.scrubber.scrub(errorText(error, request.requestId)));
    } finally {
      leave?.();
      const durationMs = clock.monotonic() - startedAt;
      const name = target?.tool.name ?? "unknown";
      options.observeCall(name, outcome, durationMs);
      await audit
        .read({
          requestId: request.requestId,
          caller: request.caller.id,
          server: options.serverId,
          tool: name,
          effect: target?.tool.effect ?? "read",
          phase: "call",
          argumentsHash: argumentsHashOf(target?.arguments ?? request.arguments),
          outcome,
          durationMs: Math.round(durationMs),
        })
        // A read is answered even when its line cannot be written (disk full); a write is not: see apply-change.ts.
        .catch((thrown: unknown) => options.log.error({ err: thrown }, "audit line not written"));
    }
  }

  return {
    call,
    knows: (name, caller) => mayCall(table.tools.get(name), caller),
    isInteractive: (name, values) => table.tools.get(innerName(name, values))?.interactive === true,
  };
}

function innerName(name: string, values: unknown): string {
  const inner = name === "run_tool" && typeof values === "object" && values !== null && "tool" in values && values.tool;
  return typeof inner === "string" ? inner : name;
}

interface Target<Services> {
  tool: AnyTool<Services>;
  arguments: unknown;
  /** Called through `run_tool`: the answer is wrapped in that tool's shape. */
  wrapped: boolean;
}

function mayCall<Services>(tool: AnyTool<Services> | undefined, caller: Caller): boolean {
  if (tool === undefined) return false;
  return caller.scopes.includes(tool.effect === "read" ? "read" : "write");
}

/** `run_tool` is resolved here, before the policy, so that limits and audit see the tool that really runs. */
function resolveTarget<Services>(table: ToolTable<Services>, request: CallRequest): Target<Services> {
  const tool = table.tools.get(request.name);
  if (tool === undefined || !mayCall(tool, request.caller)) throw unknownTool();
  if (request.name !== "run_tool") return { tool, arguments: request.arguments, wrapped: false };
  const parsed = tool.input.safeParse(request.arguments);
  if (!parsed.success) throw inputError(parsed.error.issues);
  const named = table.tools.get(String(parsed.data["tool"]));
  if (named === undefined || named.name === "run_tool" || !mayCall(named, request.caller)) throw unknownTool();
  return { tool: named, arguments: parsed.data["arguments"] ?? {}, wrapped: true };
}

function unknownTool(): AppError {
  return new AppError("not_found", "There is no such tool on this server.", {
    hint: "find_tools lists what there is.",
  });
}

/** Takes a place for the call; the returned function gives it back. */
function limit<Services>(options: DispatchOptions<Services>, caller: Caller, tool: string): () => void {
  const waitMs = options.limiter.take(`${caller.id}\n${tool}`);
  const leave = waitMs === 0 ? options.limiter.enter(caller.id) : undefined;
  if (leave) return leave;
  const retryAfterMs = Math.max(waitMs, 200);
  throw new AppError("rate_limited", waitMs > 0 ? "Too many calls of this tool." : "Too many calls at once.", {
    hint: `Wait ${(retryAfterMs / 1000).toFixed(1)} s.`,
    retryAfterMs,
  });
}

/** Runs `work` under the caller's signal and a deadline that holds even when the tool ignores its signal. */
async function withDeadline<Services, Result>(
  request: CallRequest,
  deadlineMs: number,
  work: (call: { request: CallRequest; signal: AbortSignal; services?: Services }) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController();
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  const stop = (error: Error): void => {
    controller.abort(error);
    reject(error);
  };
  const timer = setTimeout(() => {
    stop(
      new AppError("timeout", `The call did not finish within ${deadlineMs / 1000} s.`, {
        hint: "Narrow the request, or try again.",
      }),
    );
  }, deadlineMs);
  const onAbort = (): void => stop(new AppError("timeout", "The call was cancelled."));
  request.signal.addEventListener("abort", onAbort, { once: true });
  if (request.signal.aborted) onAbort();
  try {
    return await Promise.race([stopped, work({ request, signal: controller.signal })]);
  } finally {
    clearTimeout(timer);
    request.signal.removeEventListener("abort", onAbort);
    stopped.catch(() => {});
  }
}

async function perform<Services>(
  options: DispatchOptions<Services>,
  tool: AnyTool<Services>,
  raw: unknown,
  call: { request: CallRequest; signal: AbortSignal },
): Promise<Record<string, unknown>> {
  refuseUnstorableText(raw);
  const parsed = tool.input.safeParse(raw ?? {});
  if (!parsed.success) throw inputError(parsed.error.issues);
  const context = createContext(options, tool, call);
  if (!("plan" in tool)) return tool.run(parsed.data, context);
  if (options.readOnly) throw readOnlyRefusal();
  const plan = await tool.plan(parsed.data, context);
  const row = await options.plans.propose({
    server: options.serverId,
    tool: tool.name,
    caller: call.request.caller,
    arguments: parsed.data,
    plan,
  });
  return {
    planId: row.id,
    plan,
    state: "proposed",
    expiresAt: new Date(row.expires_at).toISOString(),
    nextStep:
      plan.risk === "low"
        ? `Low risk: call apply_change with planId ${row.id} to carry it out.`
        : `Ask a person to run \`sophia approve ${row.id}\`, then call apply_change with this planId.`,
    source: { service: "sophia", mode: "local", costUsd: 0 },
  };
}

export function readOnlyRefusal(): AppError {
  return new AppError("denied", "This installation is read-only.", {
    hint: "Unset SOPHIA_READ_ONLY to allow changes.",
  });
}

function createContext<Services>(
  options: DispatchOptions<Services>,
  tool: AnyTool<Services>,
  call: { request: CallRequest; signal: AbortSignal },
): ToolContext<Services> {
  const { request, signal } = call;
  const context: ToolContext<Services> = {
    services: options.services,
    caller: request.caller,
    requestId: request.requestId,
    signal,
    progress: request.progress ?? (() => {}),
    log: options.log,
  };
  return tool.interactive === true && request.client ? { ...context, client: request.client } : context;
}

function cancelled(cause: unknown): AppError {
  return new AppError("timeout", "The call was cancelled.", { cause, retryable: true });
}
