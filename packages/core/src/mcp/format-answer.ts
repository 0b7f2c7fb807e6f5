import { AppError } from "../errors/app-error.ts";
import type { Clock } from "../limits/clock.ts";
import type { Scrubber } from "../observe/scrub.ts";
import type { Content } from "./define-server.ts";
import type { Caller } from "../approval/caller.ts";
import type { AnyTool } from "./define-tool.ts";
import { capOutput, type CappedOutput, type ResultShelf } from "./result-cap.ts";
import { PlannedChange } from "./tool-table.ts";

/** The answer as JSON pieces, so that the wire form is put together without building it twice. */
export interface CallAnswer {
  /** JSON array of content blocks. */
  contentJson: string;
  /** JSON object; absent on errors, whose shape is not the tool's. */
  structuredJson?: string;
  isError: boolean;
}

export interface AnswerOptions {
  serverId: string;
  caller: Caller;
  shelf: ResultShelf;
  scrubber: Scrubber;
  clock: Clock;
}

/** A tool's output, checked against its schema, cut to its limit, scrubbed, in both forms that clients read. */
export async function formatAnswer<Services>(
  options: AnswerOptions,
  /** `wrapped`: called through `run_tool`, answered in that tool's shape. */
  { tool, wrapped }: { tool: AnyTool<Services>; wrapped: boolean },
  output: Record<string, unknown>,
): Promise<CallAnswer> {
  const checked = ("plan" in tool ? PlannedChange : tool.output).safeParse(output);
  if (!checked.success) {
    throw new AppError("internal", `${tool.name} gave an answer that breaks its own schema.`, {
      cause: checked.error,
    });
  }
  const capped = await capOutput({
    output: checked.data,
    itemsKey: tool.items,
    maxTokens: tool.maxTokens,
    server: options.serverId,
    tool: tool.name,
    caller: options.caller,
    now: options.clock.now(),
    shelf: options.shelf,
    scrub: (text) => options.scrubber.scrub(text),
  });
  const structuredJson = options.scrubber.scrub(
    wrapped ? JSON.stringify({ tool: tool.name, result: capped.output, source: capped.output["source"] }) : capped.json,
  );
  const text = renderText(tool, capped, structuredJson);
  const more: Content[] = "plan" in tool ? [] : [...(tool.attach?.(checked.data) ?? [])];
  if (capped.rest) more.push({ type: "resource_link", uri: capped.rest.uri, name: "The rest of this answer" });
  // Pictures and links leave here too: the blocks are scrubbed as one.
  return { contentJson: options.scrubber.scrub(formatContent(text, more)), structuredJson, isError: false };
}

export function formatErrorAnswer(text: string): CallAnswer {
  return { contentJson: formatContent(text, []), isError: true };
}

function renderText<Services>(tool: AnyTool<Services>, { output, rest }: CappedOutput, structuredJson: string): string {
  if ("plan" in tool || !tool.render) return structuredJson;
  if (!rest) return tool.render(output);
  // The tool would offer the cursor as its own.
  const prose = tool.render({ ...output, nextCursor: undefined });
  return `${prose}\n\n(Cut here. The rest: run_tool read_result {"cursor": "${rest.cursor}"})`;
}

function formatContent(text: string, more: readonly Content[]): string {
  const blocks = more.map((block) => JSON.stringify(block));
  if (text !== "") blocks.unshift(`{"type":"text","text":${JSON.stringify(text)}}`);
  return `[${blocks.join(",")}]`;
}
