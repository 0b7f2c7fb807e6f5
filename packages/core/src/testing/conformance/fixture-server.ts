import { z } from "zod";
import { defineServer, type Prompt, type Resource, type ServerDefinition } from "../../mcp/define-server.ts";
import { defineTool, type AnyTool, type ToolContext } from "../../mcp/define-tool.ts";
import { contentTools } from "./content-tools.ts";
import { answer, FixtureOutput, pixelPng } from "./fixture-output.ts";
import { interactiveTools } from "./interactive-tools.ts";

export interface FixtureServices {
  publish(kind: "tools" | "prompts"): void;
}

function publishTool(name: string, kind: "tools" | "prompts") {
  return defineTool({
    name,
    title: name,
    description: `Conformance fixture: ${name}.`,
    effect: "read",
    input: z.object({}),
    output: FixtureOutput,
    async run(_input, { services }: ToolContext<FixtureServices>) {
      services.publish(kind);
      return answer("published");
    },
    render: (output) => output.text,
  });
}

const prompts: readonly Prompt[] = [
  {
    name: "test_simple_prompt",
    title: "Simple",
    description: "A prompt without arguments.",
    arguments: [],
    messages: () => [{ role: "user", content: { type: "text", text: "This is a simple prompt for testing." } }],
  },
  {
    name: "test_prompt_with_arguments",
    title: "Arguments",
    description: "A prompt with two arguments.",
    arguments: [
      { name: "arg1", description: "First test argument", required: true },
      { name: "arg2", description: "Second test argument", required: true },
    ],
    messages: ({ arg1, arg2 }) => [
      { role: "user", content: { type: "text", text: `Prompt with arguments: arg1='${arg1}', arg2='${arg2}'` } },
    ],
  },
  {
    name: "test_prompt_with_embedded_resource",
    title: "Resource",
    description: "A prompt that holds a resource.",
    arguments: [{ name: "resourceUri", description: "Address of the resource", required: true }],
    messages: ({ resourceUri }) => [
      {
        role: "user",
        content: {
          type: "resource",
          resource: { uri: resourceUri ?? "", mimeType: "text/plain", text: "Embedded resource content for testing." },
        },
      },
      { role: "user", content: { type: "text", text: "Please process the embedded resource above." } },
    ],
  },
  {
    name: "test_prompt_with_image",
    title: "Image",
    description: "A prompt that holds a picture.",
    arguments: [],
    messages: () => [
      { role: "user", content: { type: "image", data: pixelPng, mimeType: "image/png" } },
      { role: "user", content: { type: "text", text: "Please analyze the image above." } },
    ],
  },
  {
    name: "test_input_required_result_prompt",
    title: "Question",
    description: "A prompt that asks before it answers.",
    arguments: [],
    messages(_values, client) {
      const reply = z
        .object({ content: z.object({ context: z.string() }) })
        .safeParse(client.answers?.["user_context"]);
      if (!reply.success) {
        client.ask({
          user_context: {
            kind: "form",
            message: "What context should the prompt use?",
            schema: { type: "object", properties: { context: { type: "string" } }, required: ["context"] },
          },
        });
      }
      return [{ role: "user", content: { type: "text", text: `Use this context: ${reply.data?.content.context}` } }];
    },
  },
];

function fixedResource(uri: string, name: string, text: string): Resource {
  return {
    uri,
    name,
    title: name,
    description: `Conformance fixture: ${name}.`,
    mimeType: "text/plain",
    read: async () => ({ uri, mimeType: "text/plain", text }),
  };
}

const resources: readonly Resource[] = [
  fixedResource("test://static-text", "static-text", "This is the content of the static text resource."),
  fixedResource("test://watched-resource", "watched-resource", "Watched resource content"),
  {
    uri: "test://static-binary",
    name: "static-binary",
    title: "static-binary",
    description: "Conformance fixture: a picture.",
    mimeType: "image/png",
    read: async (_variables, { uri }) => ({ uri, mimeType: "image/png", blob: pixelPng }),
  },
  {
    uri: "test://template/{id}/data",
    name: "template",
    title: "template",
    description: "Conformance fixture: one resource for each id.",
    mimeType: "application/json",
    read: async ({ id }, { uri }) => ({
      uri,
      mimeType: "application/json",
      text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` }),
    }),
  },
];

/** What the official conformance suites call, declared like every other server of ours. */
export const fixtureServer: ServerDefinition<FixtureServices> = defineServer({
  id: "fixture",
  title: "Conformance fixture",
  instructions: "Test-only server for the official conformance suites.",
  direct: [
    ...(contentTools as readonly AnyTool<FixtureServices>[]),
    ...(interactiveTools as readonly AnyTool<FixtureServices>[]),
    publishTool("test_trigger_tool_change", "tools"),
    publishTool("test_trigger_prompt_change", "prompts"),
  ],
  longTail: [],
  prompts,
  resources,
});
