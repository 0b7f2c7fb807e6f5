import { AppError } from "@sophia/core/errors/app-error";
import type { Secret } from "@sophia/core/config/secret";
import { createHttp, type HttpObserver } from "@sophia/core/http/http";
import type { Clock } from "@sophia/core/limits/clock";
import type { Logger } from "pino";
import { z } from "zod";

export interface GraphOptions {
  apiKey: Secret;
  /** Without `/graphql`. */
  baseUrl: string;
  log: Logger;
  clock: Clock;
  observer?: HttpObserver;
}

export interface GraphRequest {
  query: string;
  variables: Record<string, unknown>;
  /** A mutation: one whose outcome is not known is not repeated. */
  changes?: boolean;
}

export interface GraphClient {
  ask<Shape>(schema: z.ZodType<Shape>, request: GraphRequest, signal: AbortSignal): Promise<Shape>;
  close(): Promise<void>;
}

const Reply = z.object({
  data: z.unknown().optional(),
  errors: z.array(z.object({ message: z.string() })).nullish(),
});

/** https://arize.com/docs/ax/graphql-reference/overview/how-to-use-graphql/forming-calls */
export function createGraphClient({ apiKey, ...options }: GraphOptions): GraphClient {
  const auth = { in: "header" as const, name: "x-api-key", secret: apiKey };
  const http = createHttp({ service: "arize", auth, timeoutMs: 15_000, ...options });
  return {
    async ask(schema, { query, variables, changes = false }, signal) {
      const { data } = await http.request({
        method: "POST",
        path: "/graphql",
        body: { query, variables },
        idempotent: !changes,
        schema: Reply,
        operation: changes ? "mutation" : "query",
        signal,
      });
      const errors = data.errors ?? [];
      if (errors.length > 0) throw refusedByGraph(errors.map(({ message }) => message).join("; "));
      const parsed = schema.safeParse(data.data);
      if (parsed.success) return parsed.data;
      throw refusedByGraph("an answer of another shape");
    },
    close: () => http.close(),
  };
}

/** What GraphQL says inside a 200 is the vendor's text: for the log. */
export function refusedByGraph(text: string): AppError {
  const isMissing = /not found|no such/i.test(text);
  return new AppError(isMissing ? "not_found" : "invalid_input", "Arize refused the request.", {
    hint: isMissing
      ? "list_monitors shows what exists."
      : "Check metric, operator and project; the log has Arize's words.",
    service: "arize",
    cause: new Error(text),
  });
}
