import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { AppError } from "../../errors/app-error.ts";
import {
  defineTool,
  type AnyTool,
  type ClientChannel,
  type ClientQuestion,
  type ToolContext,
} from "../../mcp/define-tool.ts";
import { answer, FixtureOutput } from "./fixture-output.ts";

function interactiveTool(
  name: string,
  run: (client: ClientChannel, input: Record<string, string>) => Promise<string> | string,
  input: z.ZodObject = z.object({}),
) {
  return defineTool({
    name,
    title: name,
    description: `Conformance fixture: ${name}.`,
    effect: "read",
    interactive: true,
    input,
    output: FixtureOutput,
    async run(values, { client }: ToolContext<unknown>) {
      if (!client) throw new AppError("unavailable", "The client offers no way back.");
      return answer(await run(client, z.record(z.string(), z.string()).parse(values)));
    },
    render: (output) => output.text,
  });
}

function form(message: string, properties: Record<string, unknown>, required: string[]): ClientQuestion {
  return { kind: "form", message, schema: { type: "object", properties, required } };
}

function sample(text: string): ClientQuestion {
  return {
    kind: "sample",
    request: { messages: [{ role: "user", content: { type: "text", text } }], maxTokens: 100 },
  };
}

const askName = form("What is your name?", { name: { type: "string" } }, ["name"]);
const askConfirm = form("Please confirm", { ok: { type: "boolean" } }, ["ok"]);

const Accepted = z.object({ action: z.literal("accept"), content: z.record(z.string(), z.unknown()) });
const Sampled = z.object({ content: z.object({ text: z.string() }) });
const Rooted = z.object({ roots: z.array(z.object({ uri: z.string() })) });

function accepted(client: ClientChannel, key: string): Record<string, unknown> | undefined {
  const parsed = Accepted.safeParse(client.answers?.[key]);
  return parsed.success ? parsed.data.content : undefined;
}

function sampled(client: ClientChannel, key: string): string | undefined {
  const parsed = Sampled.safeParse(client.answers?.[key]);
  return parsed.success ? parsed.data.content.text : undefined;
}

function rooted(client: ClientChannel, key: string): { uri: string }[] | undefined {
  const parsed = Rooted.safeParse(client.answers?.[key]);
  return parsed.success ? parsed.data.roots : undefined;
}

/** Asks once and repeats what came back, the way the scenarios of the 2025 era expect it. */
function elicitationTool(
  name: string,
  question: (input: Record<string, string>) => ClientQuestion,
  input?: z.ZodObject,
) {
  return interactiveTool(
    name,
    (client, values) => {
      const reply = z
        .object({ action: z.string(), content: z.unknown().optional() })
        .safeParse(client.answers?.["reply"]);
      if (!reply.success) client.ask({ reply: question(values) });
      return `Elicitation completed: action=${reply.data?.action}, content=${JSON.stringify(reply.data?.content ?? {})}`;
    },
    input,
  );
}

const options = ["option1", "option2", "option3"];

export const interactiveTools: readonly AnyTool<unknown>[] = [
  interactiveTool("test_tool_with_logging", async (client) => {
    for (const text of ["Tool execution started", "Tool processing data", "Tool execution completed"]) {
      await client.tell("info", text);
      await delay(20);
    }
    return "logged";
  }),
  interactiveTool("test_logging_tool", async (client) => {
    await client.tell("info", "delivered only when the request asked for logs");
    return "logged";
  }),
  interactiveTool("test_reconnection", async (client) => {
    client.closeStream();
    await delay(100);
    return "Reconnection test completed successfully.";
  }),
  interactiveTool(
    "test_sampling",
    (client, { prompt }) => {
      const text = sampled(client, "reply");
      if (text === undefined) client.ask({ reply: sample(prompt ?? "") });
      return `LLM response: ${text}`;
    },
    z.object({ prompt: z.string() }),
  ),
  elicitationTool(
    "test_elicitation",
    ({ message }) =>
      form(message ?? "", { response: { type: "string", description: "User's response" } }, ["response"]),
    z.object({ message: z.string() }),
  ),
  elicitationTool("test_elicitation_sep1034_defaults", () =>
    form(
      "Please review and update the form fields with defaults",
      {
        name: { type: "string", description: "User name", default: "John Doe" },
        age: { type: "integer", description: "User age", default: 30 },
        score: { type: "number", description: "User score", default: 95.5 },
        status: { type: "string", description: "Status", enum: ["active", "inactive", "pending"], default: "active" },
        verified: { type: "boolean", description: "Verification status", default: true },
      },
      [],
    ),
  ),
  elicitationTool("test_elicitation_sep1330_enums", () =>
    form(
      "Please select options from the enum fields",
      {
        untitledSingle: { type: "string", description: "One option", enum: options },
        titledSingle: {
          type: "string",
          description: "One option with titles",
          oneOf: [
            { const: "value1", title: "First Option" },
            { const: "value2", title: "Second Option" },
            { const: "value3", title: "Third Option" },
          ],
        },
        legacyEnum: {
          type: "string",
          description: "One option, older form",
          enum: ["opt1", "opt2", "opt3"],
          enumNames: ["Option One", "Option Two", "Option Three"],
        },
        untitledMulti: {
          type: "array",
          description: "Several options",
          minItems: 1,
          maxItems: 3,
          items: { type: "string", enum: options },
        },
        titledMulti: {
          type: "array",
          description: "Several options with titles",
          minItems: 1,
          maxItems: 3,
          items: {
            anyOf: [
              { const: "value1", title: "First Choice" },
              { const: "value2", title: "Second Choice" },
              { const: "value3", title: "Third Choice" },
            ],
          },
        },
      },
      [],
    ),
  ),
  interactiveTool("test_missing_capability", (client) => {
    const text = sampled(client, "llm_answer");
    if (text === undefined) client.ask({ llm_answer: sample("Reply with the single word: pong") });
    return "sampling round trip complete";
  }),
  interactiveTool("test_input_required_result_elicitation", (client) => {
    const name = accepted(client, "user_name")?.["name"];
    if (typeof name !== "string") client.ask({ user_name: askName });
    return `Hello, ${String(name)}!`;
  }),
  interactiveTool("test_input_required_result_sampling", (client) => {
    const text = sampled(client, "capital_question");
    if (text === undefined) client.ask({ capital_question: sample("What is the capital of France?") });
    return `Sampling response: ${text}`;
  }),
  interactiveTool("test_input_required_result_list_roots", (client) => {
    const roots = rooted(client, "client_roots");
    if (!roots) client.ask({ client_roots: { kind: "roots" } });
    return `Client exposed roots: ${roots?.map((root) => root.uri).join(", ")}`;
  }),
  interactiveTool("test_input_required_result_request_state", (client) => {
    if (!accepted(client, "confirm") || !client.state) client.ask({ confirm: askConfirm }, { round: 1 });
    return "state-ok: state verified and confirmation received";
  }),
  interactiveTool("test_input_required_result_tampered_state", (client) => {
    if (!accepted(client, "confirm") || !client.state) client.ask({ confirm: askConfirm }, { round: 1 });
    return "integrity-ok: state verified";
  }),
  interactiveTool("test_input_required_result_multiple_inputs", (client) => {
    const name = accepted(client, "user_name")?.["name"];
    const greeting = sampled(client, "greeting");
    const roots = rooted(client, "client_roots");
    if (typeof name !== "string" || greeting === undefined || !roots) {
      client.ask(
        { user_name: askName, greeting: sample("Generate a greeting"), client_roots: { kind: "roots" } },
        { round: 1 },
      );
    }
    return `${greeting} ${String(name)}`;
  }),
  interactiveTool("test_input_required_result_multi_round", (client) => {
    const round = Number(client.state?.["round"] ?? 0);
    if (round === 0) {
      client.ask({ step1: form("Step 1: What is your name?", { name: { type: "string" } }, ["name"]) }, { round: 1 });
    }
    if (round === 1) {
      const name = accepted(client, "step1")?.["name"] ?? "unknown";
      client.ask(
        { step2: form("Step 2: What is your favorite color?", { color: { type: "string" } }, ["color"]) },
        { round: 2, name },
      );
    }
    return `${String(client.state?.["name"])} likes ${String(accepted(client, "step2")?.["color"])}`;
  }),
  interactiveTool("test_input_required_result_capabilities", (client) => {
    if (client.answers !== undefined) return "Capability-aware input requests fulfilled";
    const questions: Record<string, ClientQuestion> = {};
    if (client.can.form) questions["user_name"] = askName;
    if (client.can.sample) questions["greeting"] = sample("Generate a short greeting");
    if (client.can.roots) questions["client_roots"] = { kind: "roots" };
    if (Object.keys(questions).length > 0) client.ask(questions);
    return "No declared client capability supports an in-band input request";
  }),
];
