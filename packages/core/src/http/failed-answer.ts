import type { AppError } from "../errors/app-error.ts";
import { parseRetryAfter } from "../limits/retry-after.ts";
import { readBody } from "./body.ts";
import type { Answer } from "./exchange.ts";
import { fromResponse, type VendorFailure } from "./failures.ts";
import { parseJson } from "./json.ts";

export interface FailedAnswerRules {
  service: string;
  wallMs: number;
  retryAfterHeader: string | undefined;
  explain: ((status: number, body: unknown) => VendorFailure | undefined) | undefined;
}

export const maxErrorBytes = 65_536;
const maxCauseLength = 500;

/** An answer that is not 2xx → AppError, with the vendor's own words kept for the log. */
export async function failedAnswer(answer: Answer, rules: FailedAnswerRules): Promise<AppError> {
  const text = await errorText(answer);
  const { headers, status } = answer;
  const retryAfter = headers["retry-after"] ?? (rules.retryAfterHeader ? headers[rules.retryAfterHeader] : undefined);
  return fromResponse({
    service: rules.service,
    status,
    text: text.slice(0, maxCauseLength),
    retryAfterMs: parseRetryAfter(retryAfter, { wallMs: rules.wallMs, date: headers["date"] }),
    understood: rules.explain?.(status, jsonOrText(text)),
  });
}

// The status decides; a body that cannot be read must not hide it.
async function errorText(answer: Answer): Promise<string> {
  try {
    const bytes = await readBody(answer.body, answer.headers["content-encoding"], { maxBytes: maxErrorBytes });
    return bytes.toString("utf8");
  } catch {
    return "";
  }
}

function jsonOrText(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return text;
  }
}
