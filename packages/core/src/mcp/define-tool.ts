import type { Logger } from "pino";
import { z } from "zod";
import type { Caller } from "../approval/caller.ts";
import type { ChangePlan } from "../approval/change-plan.ts";
import type { Progress } from "../jobs/progress.ts";
import type { Content } from "./define-server.ts";

/** One word for what a tool does to the outside world; every protocol hint is derived from it. */
export type Effect = "read" | "create" | "update" | "destroy";

/** Where an answer came from and what it cost. Part of every tool's output. */
export const Source = z.object({
  service: z.string().describe("The service that answered."),
  mode: z.enum(["live", "local", "simulated", "off"]).describe("How the service was reached."),
  costUsd: z.number().min(0).describe("What this answer cost, in USD."),
  asOf: z.string().optional().describe("When the facts were true, ISO 8601."),
});
export type Source = z.infer<typeof Source>;

/** A question to the person or the model on the client's side. */
export type ClientQuestion =
  | { kind: "form"; message: string; schema: Record<string, unknown> }
  | { kind: "sample"; request: Record<string, unknown> }
  | { kind: "roots" };

/**
 * The way back to the client, for tools declared `interactive`; works only where the client offers it. A run that asks
 * ends there; the protocol then runs the tool again with the answers, so everything before the question must be free
 * of effects.
 */
export interface ClientChannel {
  /** What the client said it can answer. */
  can: { form: boolean; sample: boolean; roots: boolean };
  /** Answers that came with this run, by key; undefined on the first. They come from outside: treat them as untrusted. */
  answers: Record<string, unknown> | undefined;
  /** The state the previous run handed over; its integrity has been checked. */
  state: Record<string, unknown> | undefined;
  ask(questions: Record<string, ClientQuestion>, state?: Record<string, unknown>): never;
  /** A log line to the client (deprecated in 2026-07-28). */
  tell(level: "debug" | "info" | "warning" | "error", text: string): Promise<void>;
  /** Ends the current event stream so that the client reconnects; only with sessions. */
  closeStream(): void;
}

/** Everything a tool may use besides its input. */
export interface ToolContext<Services> {
  services: Services;
  caller: Caller;
  requestId: string;
  /** Aborts on cancellation, disconnect and deadline. Pass it to everything that waits. */
  signal: AbortSignal;
  progress(update: Progress): void;
  log: Logger;
  /** Present while a plan is applied. */
  planId?: string;
  /** Present for tools declared `interactive`. */
  client?: ClientChannel;
}

/** Output of a tool: an object that says where it came from. */
export type ToolOutput = z.ZodObject<{ source: typeof Source } & z.ZodRawShape>;

interface ToolBase<Input extends z.ZodObject, Output extends ToolOutput> {
  /** snake_case, `verb_noun`, equal to the file name with `-` for `_`. */
  name: string;
  title: string;
  /** One sentence, "Use when…" bullets, one example. At most 1,024 characters. */
  description: string;
  input: Input;
  output: Output;
  /** Reads by itself, yet can carry out a change: `run_tool`, through which `apply_change` is reached. */
  mayChange?: boolean;
  /** The tool reaches beyond our own data (web, models). */
  openWorld?: boolean;
  /** Total time for one call; 55 s at most, because clients give up at 60. Default 30 s. */
  deadlineMs?: number;
  /** The array in the output that is cut, whole items at a time, when the answer is too long. Default: the longest. */
  items?: string & keyof z.input<Output>;
  /** Where the answer is cut, in tokens of about 3.5 characters. Default 8,000, at most 20,000. */
  maxTokens?: number;
  /** Prose where it serves the model better than JSON. Must hold the same facts; an empty string leaves the text out. */
  render?(output: z.output<Output>): string;
  /** Pictures and links beside the text. */
  attach?(output: z.output<Output>): Content[];
  /** The tool asks the user or the client's model something in the middle; see {@link ClientChannel}. */
  interactive?: boolean;
}

export interface ReadTool<Services, Input extends z.ZodObject, Output extends ToolOutput> extends ToolBase<
  Input,
  Output
> {
  effect: "read";
  run(input: z.output<Input>, context: ToolContext<Services>): Promise<z.input<Output>>;
}

/** A tool that changes the outside world. The first call only plans; `apply_change` re-plans, compares and applies. */
export interface WriteTool<Services, Input extends z.ZodObject, Output extends ToolOutput> extends ToolBase<
  Input,
  Output
> {
  effect: Exclude<Effect, "read">;
  plan(input: z.output<Input>, context: ToolContext<Services>): Promise<ChangePlan>;
  apply(input: z.output<Input>, plan: ChangePlan, context: ToolContext<Services>): Promise<z.input<Output>>;
}

/** A write that needs no plan of its own because it carries out one made before: `apply_change` alone. */
export interface ActTool<Services, Input extends z.ZodObject, Output extends ToolOutput> extends ToolBase<
  Input,
  Output
> {
  effect: Exclude<Effect, "read">;
  run(input: z.output<Input>, context: ToolContext<Services>): Promise<z.input<Output>>;
}

export type Tool<Services, Input extends z.ZodObject = z.ZodObject, Output extends ToolOutput = ToolOutput> =
  | ReadTool<Services, Input, Output>
  | WriteTool<Services, Input, Output>
  | ActTool<Services, Input, Output>;

/** A tool in a server's list, its input and output types erased: dispatch has parsed both by its own schemas. */
// oxlint-disable-next-line typescript/no-explicit-any
export type AnyTool<Services> = Tool<Services, any, any>;

/** Declares one tool. Types of `input` and `output` flow into `run`, `plan`, `apply` and `render`. */
export function defineTool<Services, Input extends z.ZodObject, Output extends ToolOutput>(
  tool: ReadTool<Services, Input, Output>,
): ReadTool<Services, Input, Output>;
export function defineTool<Services, Input extends z.ZodObject, Output extends ToolOutput>(
  tool: WriteTool<Services, Input, Output>,
): WriteTool<Services, Input, Output>;
export function defineTool<Services, Input extends z.ZodObject, Output extends ToolOutput>(
  tool: ActTool<Services, Input, Output>,
): ActTool<Services, Input, Output>;
export function defineTool<Services>(tool: AnyTool<Services>): AnyTool<Services> {
  return tool;
}
