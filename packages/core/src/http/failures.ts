import { AppError, type AppErrorOptions, type ErrorKind, type ErrorReason } from "../errors/app-error.ts";
import { BodyTooLargeError, UnknownEncodingError } from "./body.ts";

/** What a vendor's reply tells about a failure, once understood by its adapter. Text is ours, never the vendor's. */
export interface VendorFailure {
  kind?: ErrorKind;
  hint?: string;
  reason?: ErrorReason;
  retryable?: boolean;
}

export interface FailedResponse {
  service: string;
  status: number;
  retryAfterMs?: number | undefined;
  /** The start of the vendor's own text. It goes to the log as the cause. */
  text?: string | undefined;
  understood?: VendorFailure | undefined;
}

interface StatusRow {
  kind: ErrorKind;
  message: string;
  hint: string;
  retryable?: boolean;
}

const statusRows: Readonly<Record<number, StatusRow>> = {
  400: { kind: "invalid_input", message: "refused the request as malformed", hint: "Check the arguments." },
  401: {
    kind: "not_configured",
    message: "does not accept our credentials",
    hint: "The key is missing, wrong or expired: set another and start Sophia again.",
  },
  402: {
    kind: "budget_exceeded",
    message: "wants payment: the account has no credit left",
    hint: "Top up the account.",
  },
  403: {
    kind: "denied",
    message: "does not allow this to our account",
    hint: "The key lacks the right, or the plan does not include it.",
  },
  404: { kind: "not_found", message: "does not know what was asked for", hint: "List what exists, then try again." },
  408: { kind: "timeout", message: "gave up waiting", hint: "Try again, or ask for less." },
  409: {
    kind: "invalid_input",
    message: "says this conflicts with the present state",
    hint: "Read the state again before changing it.",
  },
  410: { kind: "not_found", message: "says this is gone", hint: "List what exists, then try again." },
  413: { kind: "invalid_input", message: "says the request is too large", hint: "Send less at once." },
  422: { kind: "invalid_input", message: "cannot work with these arguments", hint: "Check the arguments." },
  425: { kind: "upstream", message: "is not ready for this call yet", hint: "Try again in a moment." },
  429: { kind: "rate_limited", message: "takes no more calls right now", hint: "Try again after the pause." },
  501: { kind: "upstream", message: "does not support this", hint: "Use another way.", retryable: false },
  503: { kind: "unavailable", message: "is not available right now", hint: "Try again later." },
  504: { kind: "timeout", message: "did not answer in time behind its gateway", hint: "Try again, or ask for less." },
};

/** HTTP status → AppError, here and nowhere else. */
export function fromResponse(failed: FailedResponse): AppError {
  const { service, status, understood } = failed;
  const row = statusRows[status] ?? otherStatus(status);
  const kind = understood?.kind ?? row.kind;
  // An adapter that names another kind brings its own retry rule, or that kind's default.
  const retryable = understood?.retryable ?? (understood?.kind === undefined ? row.retryable : undefined);
  return new AppError(kind, `${service} ${row.message} (HTTP ${status}).`, {
    hint: understood?.hint ?? row.hint,
    service,
    status,
    ...(failed.retryAfterMs === undefined ? {} : { retryAfterMs: failed.retryAfterMs }),
    ...(failed.text ? { cause: new Error(`HTTP ${status}: ${failed.text}`) } : {}),
    ...(understood?.reason === undefined ? {} : { reason: understood.reason }),
    ...(retryable === undefined ? {} : { retryable }),
  });
}

function otherStatus(status: number): StatusRow {
  if (status >= 500) return { kind: "upstream", message: "failed", hint: "Try again later." };
  if (status >= 400) return { kind: "invalid_input", message: "refused the request", hint: "Check the arguments." };
  if (status >= 300) {
    return {
      kind: "upstream",
      message: "sent us elsewhere, which is not followed here",
      hint: "Check the configured address of the service.",
      retryable: false,
    };
  }
  return { kind: "upstream", message: "answered in an unexpected way", hint: "Try again later.", retryable: false };
}

/** A reply we refuse: HTML for JSON, cut short, against the schema. The text is not repeated. */
export function badReply(service: string, what: string, options: AppErrorOptions = {}): AppError {
  return new AppError("upstream", `Bad reply from ${service}: ${what}.`, {
    hint: "Try again later; if it stays so, the service has changed.",
    service,
    reason: "bad_reply",
    ...options,
  });
}

const networkMessages: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nobody listens at its address",
  ECONNRESET: "the connection was cut",
  EPIPE: "the connection was cut",
  UND_ERR_SOCKET: "the connection was cut",
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: "the reply was cut short",
  UND_ERR_ABORTED: "the connection was cut",
  ENOENT: "its socket does not exist",
  EACCES: "we may not open its socket",
  ENOTFOUND: "its name does not exist (DNS)",
  EAI_AGAIN: "its name cannot be resolved right now (DNS)",
  EHOSTUNREACH: "there is no route to it",
  ENETUNREACH: "there is no route to it",
  CERT_HAS_EXPIRED: "its TLS certificate has expired",
  ERR_TLS_CERT_ALTNAME_INVALID: "its TLS certificate is for another host",
  DEPTH_ZERO_SELF_SIGNED_CERT: "its TLS certificate is self-signed",
  SELF_SIGNED_CERT_IN_CHAIN: "its TLS certificate comes from an authority we do not trust",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "its TLS certificate comes from an authority we do not trust",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "its TLS certificate comes from an authority we do not trust",
  CERT_NOT_YET_VALID: "its TLS certificate is not valid yet",
};

const timeoutCodes = new Set([
  "UND_ERR_CONNECT_TIMEOUT",
  "UND_ERR_HEADERS_TIMEOUT",
  "UND_ERR_BODY_TIMEOUT",
  "ETIMEDOUT",
]);

const permanentCodes = /CERT|SIGNATURE|SELF_SIGNED|^ENOENT$|^EACCES$/;

/** Anything thrown between connect and the last byte → AppError. */
export function fromFailure(service: string, thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  if (thrown instanceof BodyTooLargeError) {
    return badReply(service, "it is too large", {
      cause: thrown,
      retryable: false,
      hint: "Ask for less at once, e.g. a page of results.",
    });
  }
  if (thrown instanceof UnknownEncodingError)
    return badReply(service, thrown.message, { cause: thrown, retryable: false });
  const code = codeOf(thrown);
  if (timeoutCodes.has(code)) return timedOut(service, thrown);
  if (code === "UND_ERR_HEADERS_OVERFLOW") return badReply(service, "its headers are too large", { cause: thrown });
  // Undici's parser names no code for the first line of an answer.
  if (code.startsWith("HPE_") || (thrown instanceof Error && thrown.name === "HTTPParserError"))
    return badReply(service, "it is not valid HTTP", { cause: thrown });
  if (/^Z_|^ERR_(BROTLI|ZSTD|ZLIB)|^ZSTD_|^ERR__ERROR/.test(code)) {
    return badReply(service, "it does not unpack", { cause: thrown });
  }
  return new AppError(
    "upstream",
    `${service} cannot be reached: ${networkMessages[code] ?? "the connection failed"}.`,
    {
      hint: hintFor(code),
      service,
      cause: thrown,
      retryable: !permanentCodes.test(code),
    },
  );
}

function hintFor(code: string): string {
  // Retried all the same: a resolver that is just starting says so of every name.
  if (code === "ENOTFOUND") return "Check the spelling of the host name, and that this machine is on the internet.";
  if (code === "ECONNREFUSED") return "Start it, or correct its address in the settings; then try again.";
  return permanentCodes.test(code)
    ? "This does not pass by itself: check the address and the set-up."
    : "Try again later.";
}

export function timedOut(service: string, cause?: unknown): AppError {
  return new AppError("timeout", `${service} did not answer in time.`, {
    hint: "Try again, or ask for less.",
    service,
    cause,
  });
}

/** A request that must not be repeated left, and its answer did not arrive whole. */
export function outcomeUnknown(service: string, error: AppError): AppError {
  return new AppError("upstream", `It is not known whether ${service} carried out the request.`, {
    hint: "Outcome unknown: look it up before trying again.",
    service,
    reason: "outcome_unknown",
    ...(error.status === undefined ? {} : { status: error.status }),
    cause: error,
    retryable: false,
  });
}

// Node's connect error for several addresses is an AggregateError that holds the first one's code.
function codeOf(thrown: unknown): string {
  if (typeof thrown !== "object" || thrown === null) return "";
  const { code } = thrown as { code?: unknown };
  return typeof code === "string" ? code : "";
}
