import { AppError, toAppError } from "@sophia/core/errors/app-error";
import type { AnswerFacts, ChatCall, Cost, StreamAnswer, StreamPlace } from "../domain/chat-call.ts";
import { parseChatRequest } from "../domain/parse-chat-request.ts";
import { type Exchange, type GatewayServices, type HeaderList, parseJsonBody, sendWhole } from "./exchange.ts";
import { toErrorBody } from "./openai-error.ts";

/** A reader that takes nothing for this long is cut off: it would hold the provider's stream open. */
const unreadTimeoutMs = 30_000;

export async function answerChat(exchange: Exchange, services: GatewayServices): Promise<void> {
  const { request: incoming } = exchange;
  const request = parseChatRequest(parseJsonBody(exchange.body));
  const call: ChatCall = {
    request,
    encoded: exchange.body,
    caller: exchange.caller,
    requestId: exchange.requestId,
    signal: exchange.signal,
    cache: readCacheWish(exchange),
    ...readWishes(incoming.headers),
  };
  if (request.stream === true) {
    await sendStream(exchange, services, call);
    return;
  }
  const answer = await services.completions.complete(call);
  const headers = listFacts(exchange, answer);
  headers.push("x-sophia-cost-usd", formatCost(answer));
  sendWhole(exchange.response, headers, answer.bytes ?? Buffer.from(JSON.stringify(answer.completion)));
}

/** `x-sophia-cache: use|exact|bypass`, or HTTP's own word for the last. */
function readCacheWish({ request }: Exchange): ChatCall["cache"] {
  const wish = request.headers["x-sophia-cache"];
  if (wish === "bypass" || wish === "use" || wish === "exact") return wish;
  if (wish !== undefined) {
    throw new AppError("invalid_input", "The header x-sophia-cache must be use, exact or bypass.");
  }
  const control = request.headers["cache-control"];
  return control !== undefined && /\bno-(store|cache)\b/.test(control) ? "bypass" : "use";
}

/** `x-sophia-quality`, `x-sophia-category`, `x-sophia-cache-tags`, `x-sophia-provider-cache`. */
function readWishes(
  headers: Exchange["request"]["headers"],
): Pick<ChatCall, "qualityFloor" | "category" | "tags" | "providerCacheMs"> {
  const quality = headers["x-sophia-quality"];
  const category = headers["x-sophia-category"] ?? headers["x-sophia-cache-category"];
  const tags = headers["x-sophia-cache-tags"];
  const age = headers["x-sophia-provider-cache"];
  if (quality === undefined && category === undefined && tags === undefined && age === undefined) return {};
  const qualityFloor = quality === undefined ? undefined : Number(quality);
  if (qualityFloor !== undefined && !(qualityFloor >= 0 && qualityFloor <= 1)) {
    throw new AppError("invalid_input", "The header x-sophia-quality must be a number from 0 to 1.");
  }
  if (category !== undefined && !/^[\w.:/-]{1,80}$/.test(String(category))) {
    throw new AppError("invalid_input", "The header x-sophia-category must be a short word.");
  }
  if (age !== undefined && !/^[1-9]\d{0,6}$/.test(String(age))) {
    throw new AppError("invalid_input", "The header x-sophia-provider-cache must be whole seconds, such as 3600.");
  }
  return {
    ...(age !== undefined && { providerCacheMs: Number(age) * 1_000 }),
    ...(qualityFloor !== undefined && { qualityFloor }),
    ...(category !== undefined && { category: String(category) }),
    ...(tags !== undefined && { tags: splitTags(String(tags)) }),
  };
}

function splitTags(text: string): string[] {
  const tags = text.split(",").map((tag) => tag.trim());
  return tags.filter((tag) => tag !== "").slice(0, 32);
}

function listFacts({ requestId }: Exchange, facts: AnswerFacts): HeaderList {
  const headers = [
    "x-sophia-request-id",
    requestId,
    "x-sophia-cache",
    facts.cache,
    "x-sophia-model",
    encodeURI(facts.model),
    "x-sophia-provider",
    facts.service,
    "x-sophia-mode",
    facts.mode,
    "x-sophia-route",
    facts.route,
    "x-sophia-overhead-ms",
    facts.overheadMs.toFixed(2),
  ];
  if (facts.embedding !== undefined) headers.push("x-sophia-embedding", encodeURI(facts.embedding));
  if (facts.providerCache !== undefined) headers.push("x-sophia-provider-cache", facts.providerCache);
  const { semantic } = facts;
  if (!semantic) return headers;
  headers.push("x-sophia-cached-similarity", semantic.similarity.toFixed(3));
  headers.push("x-sophia-cached-age-s", String(Math.round(semantic.ageMs / 1_000)));
  headers.push("x-sophia-cached-id", semantic.entryId);
  if (semantic.otherClass) headers.push("x-sophia-cached-class", "other");
  return headers;
}

function formatCost({ costUsd, priceKnown }: Cost): string {
  if (!priceKnown) return "unknown";
  return costUsd === 0 ? "0" : costUsd.toFixed(9).replace(/0+$/, "");
}

/** A stream that the others have just given up cannot be joined; the next try finds it gone. */
const joinAttempts = 3;

/** Events at the reader's pace. The cost is known only at the end, so it follows as a trailer. */
async function sendStream(exchange: Exchange, { completions, log }: GatewayServices, call: ChatCall): Promise<void> {
  for (let attempt = 1; attempt <= joinAttempts; attempt += 1) {
    const answer = await completions.stream(call);
    const { response } = exchange;
    const isFree = answer.cost()?.costUsd === 0;
    const headers = listFacts(exchange, answer);
    headers.push(isFree ? "x-sophia-cost-usd" : "trailer", isFree ? "0" : "x-sophia-cost-usd", ...streamHead);
    const failure = await passOn(exchange, answer, { isFree, headers });
    if (failure === "too late") continue;
    if (!failure) return;
    if (!response.headersSent || exchange.signal.aborted) throw failure.thrown;
    // Half an answer is out. The error follows as an event, and the stream ends without [DONE].
    const error = toAppError(failure.thrown);
    log.debug({ err: failure.thrown, requestId: exchange.requestId, kind: error.kind }, "stream failed half-way");
    response.end(`data: ${JSON.stringify(toErrorBody(error))}\n\n`);
    return;
  }
  throw new AppError("unavailable", "The answer was given up while it was joined.", { hint: "Ask again." });
}

const streamHead: HeaderList = [
  "content-type",
  "text/event-stream; charset=utf-8",
  "cache-control",
  "no-cache",
  "x-accel-buffering",
  "no",
];
const done = Buffer.from("data: [DONE]\n\n");

type Failure = { thrown: unknown } | "too late" | undefined;

function passOn(
  { response, signal }: Exchange,
  answer: StreamAnswer,
  { isFree, headers }: { isFree: boolean; headers: HeaderList },
): Promise<Failure> {
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined;
    const onDrain = (): void => {
      clearTimeout(timer);
      timer = undefined;
      place?.resume();
    };
    const onGone = (): void => {
      place?.leave();
      finish({ thrown: signal.reason });
    };
    function finish(failure: Failure): void {
      clearTimeout(timer);
      response.off("drain", onDrain);
      signal.removeEventListener("abort", onGone);
      resolve(failure);
    }
    response.on("drain", onDrain);
    signal.addEventListener("abort", onGone, { once: true });
    const place: StreamPlace | undefined = answer.join({
      write(piece) {
        if (!response.headersSent) response.writeHead(200, headers);
        if (response.write(piece)) return true;
        timer ??= setTimeout(() => response.destroy(), unreadTimeoutMs);
        return false;
      },
      end() {
        if (!response.headersSent) response.writeHead(200, headers);
        if (!isFree) response.addTrailers({ "x-sophia-cost-usd": formatCost(answer.cost() ?? unknownCost) });
        response.end(done);
        finish(undefined);
      },
      fail: (thrown) => finish({ thrown }),
    });
    if (!place) finish("too late");
    else if (signal.aborted) onGone();
  });
}

const unknownCost: Cost = { costUsd: 0, priceKnown: false };
