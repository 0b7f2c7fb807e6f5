import { z } from "zod";
import { AppError } from "../../errors/app-error.ts";
import { defineTool, Source } from "../define-tool.ts";

/** The one way to the unlisted tools. Dispatch resolves the inner tool before its policy; this literal is what clients see. */
export const runTool = defineTool({
  name: "run_tool",
  title: "Run a further tool",
  description:
    "Runs a tool that find_tools returned.\n" +
    "- Reads run at once; a tool that changes something only returns a plan for apply_change.\n" +
    '- Example: {"tool": "read_result", "arguments": {"cursor": "…"}}',
  effect: "read",
  mayChange: true,
  input: z.strictObject({
    tool: z.string().min(1).max(64).describe("Name as find_tools gave it."),
    arguments: z.record(z.string(), z.unknown()).default({}).describe("Arguments that fit that tool's schema."),
  }),
  output: z.object({
    tool: z.string(),
    result: z.record(z.string(), z.unknown()).describe("The tool's own output."),
    source: Source,
  }),
  async run() {
    throw new AppError("internal", "run_tool was not resolved to a tool.");
  },
});
