import type { AppError } from "@sophia/core/errors/app-error";
import { fromResponse, type VendorFailure } from "@sophia/core/http/failures";
import { z } from "zod";

/** How OpenAI-compatible providers word errors. OpenRouter adds metadata.error_type; TEI and HF put text in `error`. */
const ErrorBody = z.object({
  error: z.union([
    z.string(),
    z.object({
      message: z.string().nullish(),
      type: z.string().nullish(),
      param: z.string().nullish(),
      code: z.union([z.string(), z.number()]).nullish(),
      metadata: z.object({ error_type: z.string().nullish() }).nullish(),
    }),
  ]),
});

interface ProviderError {
  text: string;
  /** Every machine-readable word of it. */
  words: string[];
  param: string | undefined;
  status: number | undefined;
}

/** `undefined` when the body is no error. */
export function parseErrorBody(body: unknown): ProviderError | undefined {
  const parsed = ErrorBody.safeParse(body);
  if (!parsed.success) return undefined;
  const { error } = parsed.data;
  if (typeof error === "string") return { text: error, words: [], param: undefined, status: undefined };
  // The most exact first: OpenRouter's type is one for all of a family.
  const words = [error.metadata?.error_type, error.code, error.type].filter((word) => typeof word === "string");
  const number = Number(error.code);
  return {
    text: error.message ?? "",
    words,
    param: error.param ?? undefined,
    status: Number.isInteger(number) && number >= 400 && number <= 599 ? number : undefined,
  };
}

const contextWords = new Set([
  "context_length_exceeded",
  "string_above_max_length",
  "context_window_exceeded",
  "max_tokens_exceeded",
  "token_limit_exceeded",
  "string_too_long",
]);
/** Together words it as 403, others as 413 or 422. */
const contextStatuses = new Set([400, 403, 413, 422]);
const policyWords = new Set(["content_policy_violation", "content_filter", "refusal"]);
const contextText = /maximum context length|context window|context length|too many (input )?tokens|prompt is too long/i;
const statusOfWord: Readonly<Record<string, number>> = {
  rate_limit_exceeded: 429,
  rate_limit_error: 429,
  provider_overloaded: 503,
  overloaded_error: 503,
  provider_unavailable: 503,
  server_error: 502,
  server: 502,
  unmapped: 502,
  timeout: 504,
  payment_required: 402,
  insufficient_quota: 402,
  invalid_api_key: 401,
  authentication_error: 401,
  permission_error: 403,
  model_not_found: 404,
  invalid_request_error: 400,
  authentication: 401,
  permission_denied: 403,
  not_found: 404,
  invalid_request: 400,
  invalid_prompt: 400,
  precondition_failed: 412,
  payload_too_large: 413,
  unprocessable: 422,
};

/** What a refusal means beyond its status. Our words; of the vendor's only a parameter's name is kept. */
export function explainFailure(status: number, body: unknown): VendorFailure | undefined {
  const error = parseErrorBody(body);
  if (!error) return status === 404 ? { kind: "not_found", hint: "Is the base URL right, with its /v1?" } : undefined;
  if (
    error.words.some((word) => contextWords.has(word)) ||
    (contextStatuses.has(status) && contextText.test(error.text))
  ) {
    return {
      kind: "invalid_input",
      reason: "context_length",
      hint: "The prompt is longer than this model can read. Shorten it, or pick a model with a longer context (list_models).",
    };
  }
  // OpenAI answers 429 both for "slow down" and for "no credit left"; waiting helps only with the first.
  if (error.words.includes("insufficient_quota")) {
    return { kind: "budget_exceeded", hint: "Top up the provider's account, or use another provider." };
  }
  if (status === 404 || error.words.includes("model_not_found")) {
    return { kind: "not_found", hint: "list_models shows the models this endpoint has." };
  }
  if (error.words.some((word) => policyWords.has(word))) {
    return {
      kind: "invalid_input",
      reason: "content_policy",
      hint: "The provider's content policy refused the prompt.",
    };
  }
  const param = error.param !== undefined && /^[\w.[\]]{1,64}$/.test(error.param) ? error.param : undefined;
  if ((status === 400 || status === 422) && param !== undefined) {
    return { kind: "invalid_input", hint: `The provider does not accept the parameter ${param}.` };
  }
  return undefined;
}

/** An error inside a 200 or inside a stream, as if it had come with its true status. */
export function fromErrorBody(
  service: string,
  body: unknown,
  explain?: (status: number, body: unknown) => VendorFailure | undefined,
): AppError | undefined {
  const error = parseErrorBody(body);
  if (!error) return undefined;
  const named = error.words.map((word) => statusOfWord[word]).find((status) => status !== undefined);
  const status = error.status ?? named ?? 502;
  const understood = explain?.(status, body) ?? explainFailure(status, body);
  return fromResponse({ service, status, text: error.text.slice(0, 500), understood });
}
