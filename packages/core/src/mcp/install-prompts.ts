import type { Server } from "@modelcontextprotocol/server";
import { AppError } from "../errors/app-error.ts";
import type { Scrubber } from "../observe/scrub.ts";
import { InputRequired } from "./client-channel.ts";
import type { Prompt } from "./define-server.ts";
import type { MethodGuard } from "./method-guard.ts";
import { createChannel, type StateCodec, toInputRequired } from "./sdk-channel.ts";

const maxCompletions = 100;

/** Prompts and the completion of their arguments. */
export function installPrompts(
  server: Server,
  prompts: ReadonlyMap<string, Prompt>,
  { guard, codec, scrubber }: { guard: MethodGuard; codec: StateCodec; scrubber: Scrubber },
): void {
  server.setRequestHandler("prompts/list", async () => ({ prompts: [...prompts.values()].map(describe) }));
  server.setRequestHandler("prompts/get", async ({ params }, context) => {
    try {
      return await guard({ method: "prompts/get", params, context }, async () => {
        const { prompt, values } = findPrompt(prompts, params);
        const messages = prompt.messages(values, createChannel(server, context, { scrubber }));
        return { description: prompt.description, messages: messages as never };
      });
    } catch (thrown) {
      if (thrown instanceof InputRequired) return await toInputRequired(thrown, codec, context);
      throw thrown;
    }
  });
  server.setRequestHandler("completion/complete", async ({ params }, context) =>
    guard({ method: "completion/complete", params, context }, async () => {
      const { ref, argument } = params;
      const prompt = ref.type === "ref/prompt" ? prompts.get(ref.name) : undefined;
      const values = prompt?.arguments.find(({ name }) => name === argument.name)?.complete?.(argument.value) ?? [];
      const shown = values.slice(0, maxCompletions);
      return { completion: { values: shown, total: values.length, hasMore: values.length > maxCompletions } };
    }),
  );
}

function describe({ name, title, description, arguments: declared }: Prompt) {
  return {
    name,
    title,
    description,
    arguments: declared.map((argument) => ({
      name: argument.name,
      description: argument.description,
      required: argument.required,
    })),
  };
}

function findPrompt(
  prompts: ReadonlyMap<string, Prompt>,
  wanted: { name: string; arguments?: Record<string, string> | undefined },
): { prompt: Prompt; values: Record<string, string> } {
  const prompt = prompts.get(wanted.name);
  if (!prompt) throw new AppError("not_found", "Unknown prompt", { hint: "prompts/list shows what there is." });
  const values = wanted.arguments ?? {};
  const missing = prompt.arguments.filter(({ name, required }) => required && values[name] === undefined);
  if (missing.length === 0) return { prompt, values };
  throw new AppError("invalid_input", `The prompt needs ${missing.map(({ name }) => name).join(", ")}`);
}
