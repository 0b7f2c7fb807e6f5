import {
  type createRequestStateCodec,
  inputRequired,
  type InputRequests,
  type Server,
  type ServerContext,
} from "@modelcontextprotocol/server";
import type { Scrubber } from "../observe/scrub.ts";
import { InputRequired } from "./client-channel.ts";
import type { ClientChannel, ClientQuestion } from "./define-tool.ts";

export type StateCodec = ReturnType<typeof createRequestStateCodec<Record<string, unknown>>>;

/** Ends an event stream of a session, so that its client reconnects. */
export interface StreamCloser {
  close(requestId: string | number): void;
}

/** The way back to the client through the SDK. Whatever goes to the client is scrubbed on its way. */
export function createChannel(
  server: Server,
  context: ServerContext,
  { scrubber, stream }: { scrubber: Scrubber; stream?: StreamCloser | undefined },
): ClientChannel {
  // The SDK fills this from `initialize` (2025) and from the request's own envelope (2026-07-28).
  const declared = server.getClientCapabilities();
  return {
    can: {
      form: declared?.elicitation !== undefined,
      sample: declared?.sampling !== undefined,
      roots: declared?.roots !== undefined,
    },
    answers: context.mcpReq.inputResponses,
    state: context.mcpReq.requestState<Record<string, unknown>>(),
    ask(questions, state) {
      // The same shape with other texts.
      throw new InputRequired(scrubber.scrubValue(questions) as typeof questions, state);
    },
    async tell(level, text) {
      await context.mcpReq.log(level, scrubber.scrub(text));
    },
    closeStream() {
      stream?.close(context.mcpReq.id);
    },
  };
}

/** The questions of a run as the result of its request; the state travels sealed through the client. */
export async function toInputRequired(wanted: InputRequired, codec: StateCodec, context: ServerContext) {
  const inputRequests: InputRequests = {};
  for (const [key, question] of Object.entries(wanted.questions)) inputRequests[key] = toInputRequest(question);
  return inputRequired({
    inputRequests,
    ...(wanted.state ? { requestState: await codec.mint(wanted.state, context) } : {}),
  });
}

function toInputRequest(question: ClientQuestion) {
  switch (question.kind) {
    case "form":
      return inputRequired.elicit({ message: question.message, requestedSchema: question.schema as never });
    case "sample":
      return inputRequired.createMessage(question.request as never);
    case "roots":
      return inputRequired.listRoots();
  }
}
