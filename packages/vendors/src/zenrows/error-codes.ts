import { AppError } from "@sophia/core/errors/app-error";
import type { VendorFailure } from "@sophia/core/http/failures";
import { z } from "zod";

/** RFC 7807, whatever the content type says. A target's own page has no such code. */
const Problem = z.object({ code: z.string().regex(/^[A-Z]{3,4}\d{3,4}$/) });

const final = (failure: VendorFailure): VendorFailure => ({ ...failure, retryable: false });
const wrongKey = final({ kind: "not_configured", hint: "ZenRows does not know the key: check ZENROWS_API_KEY." });
const noCredit = final({ kind: "budget_exceeded", hint: "ZenRows' credits are used up: raise the plan, or wait." });
const noPlan = final({ kind: "not_configured", hint: "The account has no plan for this: see ZenRows' settings." });
const tooPlain = final({ kind: "upstream", hint: "The page wants more: js_render, premium_proxy or both." });
const wrongInput = final({ kind: "invalid_input", hint: "ZenRows refuses these options: see what excludes what." });
const busy: VendorFailure = { kind: "rate_limited", hint: "All slots of the plan are taken: try again in a moment." };

/** https://docs.zenrows.com/api-error-codes */
const meanings: Readonly<Record<string, VendorFailure>> = {
  REQS001: final({ kind: "denied", hint: "ZenRows does not fetch from this domain: use another source." }),
  REQS002: tooPlain,
  REQS004: wrongInput,
  REQS006: wrongInput,
  AUTH001: wrongKey,
  AUTH002: wrongKey,
  AUTH003: wrongKey,
  AUTH004: noCredit,
  AUTH005: wrongKey,
  AUTH006: busy,
  AUTH008: busy,
  AUTH009: final({ kind: "not_configured", hint: "The account's e-mail address is not confirmed yet." }),
  AUTH010: final({ kind: "denied", hint: "The plan, or this domain, does not have this feature: leave it out." }),
  AUTH011: noPlan,
  AUTH012: noPlan,
  BLK0001: final({ kind: "unavailable", hint: "ZenRows blocks our address after many errors: wait some minutes." }),
  RESP001: tooPlain,
  RESP002: final({ kind: "not_found", hint: "The page does not exist; ZenRows bills it all the same." }),
  RESP003: final({ kind: "upstream", hint: "ZenRows cannot parse this page by itself: ask for HTML or selectors." }),
  RESP004: wrongInput,
  RESP005: final({ kind: "invalid_input", hint: "The page is larger than the plan allows." }),
  RESP006: final({ kind: "upstream", hint: "A CAPTCHA was not solved: use another source." }),
  RESP007: final({ kind: "not_found", hint: "The host does not exist (DNS); ZenRows bills it all the same." }),
  RESP008: final({ kind: "upstream", hint: "The page itself answers with an error." }),
  // It had its 180 s: a second try would hold a slot for as long.
  CTX0002: final({ kind: "timeout", hint: "The page took longer than ZenRows allows: wait for less of it." }),
};

// With original_status these come from the target itself.
const fromTarget = final({ kind: "upstream", hint: "The page itself answers with this status." });

/** ZenRows' own code; `undefined`: the text is somebody else's. */
export function readErrorCode(body: unknown): string | undefined {
  return Problem.safeParse(body).data?.code;
}

/** What a refusal means beyond its status. */
export function explainFailure(status: number, body: unknown): VendorFailure | undefined {
  const code = readErrorCode(body);
  if (code !== undefined) return Object.hasOwn(meanings, code) ? meanings[code] : undefined;
  // Between ZenRows and us a balancer may answer for itself; everything below 500 without a code is the page's.
  return status < 500 && !isProblem(body) ? fromTarget : undefined;
}

/** Batch writes its codes in words. */
function isProblem(body: unknown): boolean {
  return z.object({ code: z.string(), title: z.string() }).safeParse(body).success;
}

/** The code behind an error of ours: the spine keeps the start of the vendor's text as its cause. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof AppError) || !(error.cause instanceof Error)) return undefined;
  return /"code"\s*:\s*"([A-Z]{3,4}\d{3,4})"/.exec(error.cause.message)?.[1];
}
