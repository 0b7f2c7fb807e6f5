import type { AnyTool } from "./define-tool.ts";

/** A prompt the user can pick by name; the text is ours, arguments are inserted as data. */
export interface Prompt {
  name: string;
  title: string;
  description: string;
  arguments: readonly { name: string; description: string; required: boolean }[];
  text(values: Record<string, string>): string;
}

/** A server is a declaration. All machinery is in core. */
export interface ServerDefinition<Services> {
  /** The short name used in configuration and tokens: ai, data, infra, bi. */
  id: string;
  title: string;
  /** Told to the client at connect: what this server is for and which tool to start with. */
  instructions: string;
  defaultPort: number;
  /** The listed tools, at most seven; `find_tools` and `run_tool` are added by core. */
  direct: readonly AnyTool<Services>[];
  /** Found with `find_tools`, run with `run_tool`. */
  longTail: readonly AnyTool<Services>[];
  prompts: readonly Prompt[];
}

export function defineServer<Services>(definition: ServerDefinition<Services>): ServerDefinition<Services> {
  return definition;
}
