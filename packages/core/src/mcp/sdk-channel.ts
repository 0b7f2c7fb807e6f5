import {
  CLIENT_CAPABILITIES_META_KEY,
  type ClientCapabilities,
  type createRequestStateCodec,
  inputRequired,
  type InputRequests,
  type Server,
  type ServerContext,
} from "@modelcontextprotocol/server";
import type { Clock } from "../limits/clock.ts";
import { createGcra } from "../limits/gcra.ts";
import type { RateRule } from "../limits/rules.ts";
import type { Scrubber } from "../observe/scrub.ts";
import { InputRequired } from "./client-channel.ts";
import type { Progress } from "../jobs/progress.ts";
import type { ClientChannel, ClientQuestion } from "./define-tool.ts";

export type StateCodec = ReturnType<typeof createRequestStateCodec<Record<string, unknown>>>;

/** Ends an event stream of a session, so that its client reconnects. */
export interface StreamCloser {
  close(requestId: string | number): void;
}

/** What the transport knows of the requests a server was made for. */
export interface ServedRequests {
  stream?: StreamCloser;
  /** Stateless serving in the 2025 era: the SDK does not find the request that a later POST cancels. */
  cancelled?: ReadonlyMap<unknown, AbortSignal>;
}

/** Aborts when the client cancels the request or goes away. */
export function signalOf({ mcpReq }: ServerContext, { cancelled }: ServedRequests): AbortSignal {
  const signal = cancelled?.get(mcpReq.id);
  return signal ? AbortSignal.any([mcpReq.signal, signal]) : mcpReq.signal;
}

/**
 * The SDK keeps every note for a reader that does not read: 200,000 of them took 530 MB. A burst and four a second
 * stay under 1 MiB for any deadline we have; more tells nobody anything.
 */
const progressRate: RateRule = { requests: 4, perMs: 1_000, capacityFraction: 1, burst: 100 };

/** Progress notes of one call through the SDK; absent when the client did not ask for them. */
export function createProgress(context: ServerContext, clock: Clock): ((update: Progress) => void) | undefined {
  const token = context.mcpReq._meta?.progressToken;
  if (token === undefined) return undefined;
  const gcra = createGcra({ clock, maxKeys: 1 });
  return ({ done, total, message }) => {
    if (!gcra.take("progress", progressRate).allowed) return;
    const params = { progressToken: token, progress: done, total, message };
    // The client may be gone; the call itself ends by its signal.
    context.mcpReq.notify({ method: "notifications/progress", params }).catch(() => {});
  };
}

/** The way back to the client through the SDK. Whatever goes to the client is scrubbed on its way. */
export function createChannel(
  server: Server,
  context: ServerContext,
  { scrubber, stream }: { scrubber: Scrubber; stream?: StreamCloser | undefined },
): ClientChannel {
  // In the request's own envelope (2026-07-28), else from `initialize` (2025).
  const envelope: { [CLIENT_CAPABILITIES_META_KEY]?: ClientCapabilities } | undefined = context.mcpReq.envelope;
  const declared = envelope?.[CLIENT_CAPABILITIES_META_KEY] ?? server.getClientCapabilities();
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
