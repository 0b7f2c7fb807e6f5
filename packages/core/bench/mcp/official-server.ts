/** The official SDK as its documentation shows it: McpServer, 30 registered tools, one instance per request. */
import { createServer } from "node:http";
import { toNodeHandler } from "@modelcontextprotocol/node";
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";
import { z } from "zod";
import { description, echo, inputShape, toolNames } from "./tools.ts";

const inputSchema = z.object(inputShape);
const outputSchema = z.object({ text: z.string() });

const handler = createMcpHandler(() => {
  const server = new McpServer({ name: "official", version: "1.0.0" });
  for (const name of toolNames) {
    server.registerTool(name, { title: name, description, inputSchema, outputSchema }, async (input) => {
      const structuredContent = { text: echo(input) };
      return { content: [{ type: "text", text: JSON.stringify(structuredContent) }], structuredContent };
    });
  }
  return server;
});
const serve = toNodeHandler(handler);
const http = createServer((request, response) => void serve(request as never, response as never));
http.listen(0, "127.0.0.1", () => process.send?.(http.address()));
