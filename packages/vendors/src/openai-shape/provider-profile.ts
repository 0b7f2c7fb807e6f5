import type { Secret } from "@sophia/core/config/secret";
import type { HttpAuth } from "@sophia/core/http/auth";
import type { VendorFailure } from "@sophia/core/http/failures";
import type { LimitRow } from "@sophia/core/limits/rules";
import type { AnswerFacts, CallWishes } from "./call-wishes.ts";
import type { ListedModel } from "./listed-model.ts";

export type Operation = "chat" | "embeddings" | "rerank";

/** A request as it goes out. */
export interface ShapedRequest {
  body: Record<string, unknown>;
  headers?: Readonly<Record<string, string>>;
}

/**
 * What a provider that speaks the OpenAI shape does differently; the one client does the rest. A member that is left
 * out means: as OpenAI does it. Pure: no waiting, no state.
 */
export interface ProviderProfile {
  /** One of the services, or a name of its own; in errors, ledger and headers. */
  service: string;
  /** With the path prefix: https://api.openai.com/v1. */
  baseUrl: string;
  /** Default: bearer. */
  auth?(secret: Secret): HttpAuth;
  /** Sent with every request. */
  headers?: Readonly<Record<string, string>>;
  limits?: readonly LimitRow[];
  /** A header for "when to come back" beside Retry-After. */
  retryAfterHeader?: string;
  /** Where it differs from `/chat/completions`, `/embeddings`, `/rerank`; `false`: not offered. */
  paths?: Readonly<Partial<Record<Operation, string | false>>>;
  /** Lists of models, each with its query. Default: `/models`. */
  modelLists?: readonly { path: string; query?: Readonly<Record<string, string>> }[];
  /**
   * Makes a request of ours one of theirs: wishes become parameters or headers, what it does not know is left out.
   * `body` is not changed, and returned itself where nothing in it changes: its bytes are then sent on as they came.
   */
  shape?(operation: Operation, body: Record<string, unknown>, wishes: CallWishes): ShapedRequest;
  /** Adds to, or corrects, what was read from its lists of models. */
  readModel?(model: ListedModel): ListedModel;
  /** From the headers of an answer. */
  readFacts?(headers: Readonly<Record<string, string>>): AnswerFacts;
  /** How it words errors, before the usual wordings are tried. `undefined`: as usual. */
  explain?(status: number, body: unknown): VendorFailure | undefined;
}
