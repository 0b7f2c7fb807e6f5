/** A tool's answer as a client sees it. */
export interface ToolAnswer {
  isError?: boolean;
  content: { type: string; text: string }[];
  // oxlint-disable-next-line typescript/no-explicit-any
  structuredContent: any;
}

/** One `tools/call` over HTTP, as a client of the 2025 era sends it. */
export async function callTool(url: string, bearer: string, name: string, input: unknown): Promise<ToolAnswer> {
  const response = await fetch(new URL("/mcp", url), {
    method: "POST",
    headers: {
      authorization: `Bearer ${bearer}`,
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
    },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name, arguments: input } }),
  });
  const text = await response.text();
  const json = text.startsWith("{") ? text : (/^data: (.+)$/m.exec(text)?.[1] ?? "{}");
  return (JSON.parse(json) as { result: ToolAnswer }).result;
}
