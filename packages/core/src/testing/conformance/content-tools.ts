import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { AppError } from "../../errors/app-error.ts";
import type { Content } from "../../mcp/define-server.ts";
import { defineTool, type AnyTool, type ToolContext } from "../../mcp/define-tool.ts";
import { answer, FixtureOutput, pixelPng, silenceWav } from "./fixture-output.ts";

const none = z.strictObject({});
const image: Content = { type: "image", data: pixelPng, mimeType: "image/png" };

function contentTool(name: string, text: string, attached: Content[]) {
  return defineTool({
    name,
    title: name,
    description: `Conformance fixture: ${name}.`,
    effect: "read",
    input: none,
    output: FixtureOutput,
    run: async (_input, _context: ToolContext<unknown>) => answer(text),
    render: (output) => output.text,
    attach: () => attached,
  });
}

const progressTool = defineTool({
  name: "test_tool_with_progress",
  title: "Progress",
  description: "Conformance fixture: reports progress three times.",
  effect: "read",
  input: none,
  output: FixtureOutput,
  async run(_input, context: ToolContext<unknown>) {
    for (const done of [0, 50, 100]) {
      context.progress({ done, total: 100, message: `Completed step ${done} of 100` });
      await delay(20);
    }
    return answer("done");
  },
  render: (output) => output.text,
});

const errorTool = defineTool({
  name: "test_error_handling",
  title: "Error",
  description: "Conformance fixture: always fails.",
  effect: "read",
  input: none,
  output: FixtureOutput,
  async run() {
    throw new AppError("upstream", "This tool intentionally returns an error for testing.");
  },
});

const mirroredTool = defineTool({
  name: "test_x_mcp_header",
  title: "Mirrored argument",
  description: "Conformance fixture: an argument that travels in a header too.",
  effect: "read",
  input: z.object({
    region: z.string().optional().meta({ "x-mcp-header": "Region" }),
    level: z.int().optional(),
  }),
  output: FixtureOutput,
  run: async ({ region }, _context: ToolContext<unknown>) => answer(`region=${region ?? "none"}`),
  render: (output) => output.text,
});

const Address = z
  .object({ street: z.string().optional(), city: z.string().optional() })
  .meta({ id: "address", $anchor: "addressDef" });

const schemaTool = defineTool({
  name: "json_schema_2020_12_tool",
  title: "JSON Schema 2020-12",
  description: "Conformance fixture: a schema with the whole vocabulary.",
  effect: "read",
  input: z
    .strictObject({
      name: z.string().optional(),
      address: Address.optional(),
      contactMethod: z.enum(["phone", "email"]).optional(),
      phone: z.string().optional(),
      email: z.string().optional(),
    })
    .meta({
      $schema: "https://json-schema.org/draft/2020-12/schema",
      allOf: [{ anyOf: [{ required: ["phone"] }, { required: ["email"] }] }],
      if: { properties: { contactMethod: { const: "phone" } }, required: ["contactMethod"] },
      // oxlint-disable-next-line unicorn/no-thenable -- a JSON Schema keyword
      then: { required: ["phone"] },
      else: { required: ["email"] },
    }),
  output: FixtureOutput,
  run: async (input, _context: ToolContext<unknown>) => answer(JSON.stringify(input)),
  render: (output) => output.text,
});

export const contentTools: readonly AnyTool<unknown>[] = [
  contentTool("test_simple_text", "This is a simple text response for testing.", []),
  contentTool("test_image_content", "", [image]),
  contentTool("test_audio_content", "", [{ type: "audio", data: silenceWav, mimeType: "audio/wav" }]),
  contentTool("test_embedded_resource", "", [
    {
      type: "resource",
      resource: {
        uri: "test://embedded-resource",
        mimeType: "text/plain",
        text: "This is an embedded resource content.",
      },
    },
  ]),
  contentTool("test_multiple_content_types", "Multiple content types test:", [
    image,
    {
      type: "resource",
      resource: {
        uri: "test://mixed-content-resource",
        mimeType: "application/json",
        text: '{"test":"data","value":123}',
      },
    },
  ]),
  contentTool("test_streaming_elicitation", "result frames only", []),
  progressTool,
  errorTool,
  mirroredTool,
  schemaTool,
];
