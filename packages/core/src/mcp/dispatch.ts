import type { Context } from "@opentelemetry/api";
import type { Logger } from "pino";
import type { Plans } from "../approval/plans.ts";
import { formatCommand } from "../config/command-line.ts";
import { AppError, toAppError } from "../errors/app-error.ts";
import type { Clock } from "../limits/clock.ts";
import type { Scrubber } from "../observe/scrub.ts";
import type { Caller } from "../approval/caller.ts";
import type { Progress } from "../jobs/progress.ts";
import type { AnyTool, ClientChannel, ToolContext } from "./define-tool.ts";
import { InputRequired } from "./client-channel.ts";
import { formatAnswer, formatErrorAnswer, type CallAnswer } from "./format-answer.ts";
import type { Operation, Policy } from "./policy.ts";
import { refuseRestCursor, type ResultShelf } from "./result-cap.ts";
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
  /** The caller's trace, which the call's span continues. */
  trace?: Context | undefined;
}

export interface DispatchOptions<Services> {
  serverId: string;
  table: ToolTable<Services>;
  services: Services;
  readOnly: boolean;
  policy: Policy;
  plans: Plans;
  shelf: ResultShelf;
  scrubber: Scrubber;
  log: Logger;
  clock: Clock;
}

export interface Dispatch {
  /** True when this caller may know of the tool. Others get the answer of a tool that does not exist. */
  knows(name: string, caller: Caller): boolean;
  /** Whether the call may have to ask its client something; `run_tool` is looked through. */
  isInteractive(name: string, values: unknown): boolean;
  /** Runs one call under the {@link Policy}. Never throws, but for {@link InputRequired}. */
  call(request: CallRequest): Promise<CallAnswer>;
}

export const defaultDeadlineMs = 30_000;
const maxMessageCharacters = 500;

export function createDispatch<Services>(options: DispatchOptions<Services>): Dispatch {
  const { table, policy, scrubber } = options;

  async function call(request: CallRequest): Promise<CallAnswer> {
    const target = findTarget(table, request);
    try {
      return await policy.run(operationOf(request, target), async (signal) => {
        if (target instanceof AppError) throw target;
        const output = await perform(options, target, { request, signal });
        return await formatAnswer({ ...options, caller: request.caller }, target, output);
      });
    } catch (thrown) {
      if (thrown instanceof InputRequired) throw thrown;
      return formatErrorAnswer(scrubber.scrub(errorText(toAppError(thrown), request.requestId)));
    }
  }

  return {
    call,
    knows: (name, caller) => mayCall(table.tools.get(name), caller),
    isInteractive: (name, values) => table.tools.get(innerName(name, values))?.interactive === true,
  };
}

function operationOf<Services>(request: CallRequest, target: Target<Services> | AppError): Operation {
  const known = target instanceof AppError ? undefined : target;
  return {
    ...request,
    method: "tools/call",
    name: known?.tool.name ?? "unknown",
    effect: known?.tool.effect ?? "read",
    arguments: known ? known.arguments : request.arguments,
    deadlineMs: known?.tool.deadlineMs ?? defaultDeadlineMs,
    success: known && "plan" in known.tool ? "planned" : "ok",
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
function findTarget<Services>(table: ToolTable<Services>, request: CallRequest): Target<Services> | AppError {
  const tool = table.tools.get(request.name);
  if (tool === undefined || !mayCall(tool, request.caller)) return unknownTool();
  if (request.name !== "run_tool") return { tool, arguments: request.arguments, wrapped: false };
  const parsed = tool.input.safeParse(request.arguments);
  if (!parsed.success) return inputError(parsed.error.issues);
  const named = table.tools.get(String(parsed.data["tool"]));
  if (named === undefined || named.name === "run_tool" || !mayCall(named, request.caller)) return unknownTool();
  return { tool: named, arguments: parsed.data["arguments"] ?? {}, wrapped: true };
}

function unknownTool(): AppError {
  return new AppError("not_found", "There is no such tool on this server.", {
    hint: "find_tools lists what there is.",
  });
}

async function perform<Services>(
  options: DispatchOptions<Services>,
  { tool, arguments: raw }: Target<Services>,
  call: { request: CallRequest; signal: AbortSignal },
): Promise<Record<string, unknown>> {
  if (options.readOnly && tool.effect !== "read") throw readOnlyRefusal();
  refuseUnstorableText(raw);
  if (tool.name !== "read_result") refuseRestCursor(raw);
  const parsed = tool.input.safeParse(raw ?? {});
  if (!parsed.success) throw inputError(parsed.error.issues);
  const context = createContext(options, tool, call);
  if (!("plan" in tool)) return tool.run(parsed.data, context);
  const plan = await tool.plan(parsed.data, context);
  const row = await options.plans.propose({
    server: options.serverId,
    tool: tool.name,
    caller: call.request.caller,
    arguments: parsed.data,
    plan,
  });
  const apply = describeApply(options.table, row.id);
  return {
    planId: row.id,
    plan,
    state: "proposed",
    expiresAt: new Date(row.expires_at).toISOString(),
    nextStep:
      plan.risk === "low"
        ? `Low risk: ${apply} to carry it out.`
        : `Ask a person to run \`${formatCommand(`approve ${row.id}`)}\`, then ${apply}.`,
    source: { service: "sophia", mode: "local", costUsd: 0 },
  };
}

/** A client only calls what it was shown; elsewhere the way leads through run_tool. */
function describeApply<Services>({ listed }: ToolTable<Services>, planId: string): string {
  return listed.write.tools.some(({ name }) => name === "apply_change")
    ? `call apply_change with planId ${planId}`
    : `call run_tool with ${JSON.stringify({ tool: "apply_change", arguments: { planId } })}`;
}

export function readOnlyRefusal(): AppError {
  return new AppError("denied", "This installation is read-only.", {
    hint: "Unset SOPHIA_READ_ONLY to allow changes.",
  });
}

/** Notes wait for readers by the hundred: what bounds their number bounds memory only when each is short. */
function cutMessage(message: string): string {
  return message.slice(0, maxMessageCharacters).toWellFormed();
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
    progress: ({ message, ...update }) =>
      request.progress?.(
        message === undefined ? update : { ...update, message: cutMessage(options.scrubber.scrub(message)) },
      ),
    log: options.log,
  };
  return tool.interactive === true && request.client ? { ...context, client: request.client } : context;
}
