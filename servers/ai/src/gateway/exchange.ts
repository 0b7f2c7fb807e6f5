import type { ServerResponse } from "node:http";
import { AppError } from "@sophia/core/errors/app-error";
import type { Embedder } from "@sophia/core/embed/embedder";
import type { Reranker } from "@sophia/core/embed/reranker";
import type { Spending } from "@sophia/core/ledger/spending";
import type { Clock } from "@sophia/core/limits/clock";
import type { HttpRoute } from "@sophia/core/mcp/platform";
import type { Logger } from "pino";
import type { z } from "zod";
import type { Completions } from "../domain/completions.ts";
import type { KeyLimits } from "../domain/key-limits.ts";
import type { KeyPolicies } from "../domain/key-policy.ts";
import type { Models } from "../domain/models.ts";
import type { PaidEmbedding } from "../domain/paid-embedding.ts";
import type { CallLog } from "../usage/call-log.ts";

export interface GatewayServices {
  completions: Completions;
  models: Models;
  embedder: Embedder;
  /** What `embedder` asks where somebody bills for it: a provider's model, not booked yet. */
  paidEmbedding?: PaidEmbedding | undefined;
  reranker: Reranker;
  spending: Spending;
  policies: KeyPolicies;
  limits: KeyLimits;
  callLog: Pick<CallLog, "record">;
  clock: Clock;
  log: Logger;
}

export type Exchange = Parameters<HttpRoute["handle"]>[0];
export type Answerer = (exchange: Exchange, services: GatewayServices) => Promise<void>;

/** The name under which the embedded model is offered; an answer's `model` says exactly which one it is. */
export const embeddingModelName = "sophia-embed";

/** Names and values one after the other: Node writes them as they are, without a table in between. */
export type HeaderList = string[];

/** A body up to this length leaves in one piece with its head. */
const onePieceBytes = 16 * 1024;

/** The whole answer; nothing may have been set on the response before. */
export function sendWhole(response: ServerResponse, headers: HeaderList, bytes: Buffer): void {
  headers.push("content-type", "application/json", "content-length", String(bytes.length));
  response.writeHead(200, headers);
  // Every byte is a character of Latin-1, and one text costs one write where two buffers cost a gathered one.
  if (bytes.length <= onePieceBytes) response.end(bytes.toString("latin1"), "latin1");
  else response.end(bytes);
}

export function sendJson(response: ServerResponse, body: unknown, status = 200): void {
  sendBytes(response, Buffer.from(JSON.stringify(body)), status);
}

/** JSON that is written already. */
export function sendBytes(response: ServerResponse, bytes: Buffer, status = 200): void {
  response.writeHead(status, { "content-type": "application/json", "content-length": bytes.length });
  response.end(bytes);
}

export function parseJsonBody(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    // Without its cause: that quotes the body, and causes are logged.
    throw new AppError("invalid_input", "The body is not sound JSON.");
  }
}

/** The body by `schema`; what does not fit is named by field, never quoted. */
export function parseBody<S>(body: Buffer, schema: z.ZodType<S>): S {
  const parsed = schema.safeParse(parseJsonBody(body));
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.slice(0, 5).map((issue) => `${issue.path.join(".") || "body"}: ${issue.message}`);
  throw new AppError("invalid_input", `The request does not fit: ${fields.join("; ")}.`);
}
