import type { ServerDefinition } from "@sophia/core/mcp/define-server";
import type { AnyTool } from "@sophia/core/mcp/define-tool";

/** A definition in a list; its services do not matter to what it shows. */
// oxlint-disable-next-line typescript/no-explicit-any
export type AnyServer = ServerDefinition<any>;

/** Markdown: one section for each server with its listed tools, and the names of the others. */
export function renderToolTable(servers: readonly AnyServer[], ports: Readonly<Record<string, number>>): string {
  return servers.map((server) => renderServer(server, ports[server.id] ?? 0)).join("\n");
}

function renderServer(server: AnyServer, port: number): string {
  const rows = server.direct.map((tool) => `| \`${tool.name}\` | ${summarise(tool)} | ${tool.effect} |`);
  const more = server.longTail.map((tool) => `\`${tool.name}\``).join(", ");
  const found = more === "" ? "" : `\nWith \`find_tools\` and \`run_tool\`: ${more}.\n`;
  return `### ${server.title}, port ${port}\n\n| tool | what it does | effect |\n| --- | --- | --- |\n${rows.join("\n")}\n${found}`;
}

/** The first sentence of the description. */
function summarise(tool: AnyTool<unknown>): string {
  const [first = ""] = tool.description.split("\n");
  const sentence = /^.*?\.(?=\s|$)/.exec(first)?.[0] ?? first;
  return sentence.replaceAll("|", String.raw`\|`);
}
