import type { Caller } from "../approval/caller.ts";
import type { AnyTool, ClientChannel } from "./define-tool.ts";

/** A content block of the protocol, as far as our servers produce them. */
export type Content =
  | { type: "text"; text: string }
  | { type: "image" | "audio"; data: string; mimeType: string }
  | { type: "resource"; resource: ResourceText | ResourceBlob }
  | { type: "resource_link"; uri: string; name: string; description?: string; mimeType?: string };

export interface ResourceText {
  uri: string;
  mimeType: string;
  text: string;
}

export interface ResourceBlob {
  uri: string;
  mimeType: string;
  /** Base64. */
  blob: string;
}

/** A prompt the user picks by name. The words are ours; argument values are inserted as data. */
export interface Prompt {
  name: string;
  title: string;
  description: string;
  arguments: readonly { name: string; description: string; required: boolean; complete?(value: string): string[] }[];
  messages(values: Record<string, string>, client: ClientChannel): { role: "user" | "assistant"; content: Content }[];
}

/** A readable resource with a fixed address, or a template (`{name}` segments) with many. */
export interface Resource {
  /** The address, or an RFC 6570 level-1 template such as `sophia://results/{id}`. */
  uri: string;
  name: string;
  title: string;
  description: string;
  mimeType: string;
  read(
    variables: Record<string, string>,
    reader: { uri: string; caller: Caller },
  ): Promise<ResourceText | ResourceBlob>;
}

/** A server is a declaration. All machinery is in core. */
export interface ServerDefinition<Services> {
  /** The short name used in configuration and tokens: ai, data, infra, bi. */
  id: string;
  title: string;
  /** Told to the client at connect: what this server is for and which tool to start with. */
  instructions: string;
  /** The listed tools, at most seven; `find_tools` and `run_tool` are added by core. */
  direct: readonly AnyTool<Services>[];
  /** List `apply_change` among the direct tools (the Infrastructure Copilot); elsewhere it is in the long tail. */
  listsApplyChange?: boolean;
  /** Found with `find_tools`, run with `run_tool`. */
  longTail: readonly AnyTool<Services>[];
  prompts: readonly Prompt[];
  resources?: readonly Resource[];
}

export function defineServer<Services>(definition: ServerDefinition<Services>): ServerDefinition<Services> {
  return definition;
}
