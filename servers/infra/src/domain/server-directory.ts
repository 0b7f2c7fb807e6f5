import { AppError } from "@sophia/core/errors/app-error";
import { request } from "undici";
import { z } from "zod";

export const serverIds = ["ai", "data", "infra", "bi"] as const;
export type ServerId = (typeof serverIds)[number];

export const serverTitles: Record<ServerId, string> = {
  ai: "AI Intelligence",
  data: "Data Intelligence",
  infra: "Infrastructure Copilot",
  bi: "Business Intelligence",
};

/** What a server says of itself, or that it says nothing. */
export interface ServerHealth {
  id: ServerId;
  title: string;
  /** `unreachable`: nobody answers. `unhealthy`: it answers, and a part it needs is broken. */
  state: "healthy" | "unhealthy" | "unreachable";
  /** One sentence. */
  detail: string;
  /** When this process started, ISO 8601: changes with every restart. */
  startedAt: string | undefined;
  checks: { name: string; ok: boolean; required: boolean; detail: string }[];
}

export interface ServerDirectory {
  /** Never throws: an answer that does not come is a state too. */
  health(id: ServerId, signal: AbortSignal): Promise<ServerHealth>;
}

/** The parts of `/healthz` that are used here; see core/observe/health.ts. */
const HealthzAnswer = z.object({
  server: z.string(),
  startedAt: z.string().optional(),
  checks: z.array(
    z.object({
      name: z.string(),
      ok: z.boolean(),
      required: z.boolean(),
      detail: z.string(),
    }),
  ),
});

const timeoutMs = 2_000;
const maximumBytes = 65_536;

/** `urls` are the servers' base addresses, e.g. http://127.0.0.1:8091. */
export function createServerDirectory(urls: Readonly<Record<ServerId, string>>): ServerDirectory {
  return {
    async health(id, signal) {
      try {
        return await fetchHealth(id, urls[id], signal);
      } catch (error) {
        if (signal.aborted) throw error;
        return toUnreachable(id, urls[id], error);
      }
    },
  };
}

async function fetchHealth(id: ServerId, url: string, signal: AbortSignal): Promise<ServerHealth> {
  const response = await request(new URL("/healthz", url), {
    signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    // A kept socket would make the first question after a restart fail on the old process's connection.
    headers: { connection: "close", accept: "application/json" },
  });
  const answer = HealthzAnswer.safeParse(await readJson(response.body));
  if (!answer.success || (response.statusCode !== 200 && response.statusCode !== 503)) throw notOurs();
  const { server, startedAt, checks } = answer.data;
  if (server !== id) throw notOurs();
  const failing = checks
    .filter((check) => !check.ok)
    .map((check) => check.name + (check.required ? "" : " (not required)"));
  const state = response.statusCode === 200 ? "healthy" : "unhealthy";
  const calm = state === "healthy" ? "All checks pass." : "It reports that it is not ready.";
  const detail = failing.length === 0 ? calm : `Failing: ${failing.join(", ")}.`;
  return { id, title: serverTitles[id], state, detail, startedAt, checks };
}

function notOurs(): AppError {
  return new AppError("upstream", "What answers there is another program.");
}

async function readJson(body: AsyncIterable<Buffer>): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > maximumBytes) throw new AppError("upstream", "The health report is too long.");
    chunks.push(chunk);
  }
  return JSON.parse(Buffer.concat(chunks).toString("utf8"));
}

function toUnreachable(id: ServerId, url: string, error: unknown): ServerHealth {
  const timedOut = error instanceof Error && error.name === "TimeoutError";
  const unreadable = error instanceof SyntaxError || error instanceof AppError;
  const detail = timedOut
    ? `It accepts connections at ${url} but gave no health report within ${timeoutMs / 1000} s.`
    : unreadable
      ? `What answers at ${url} is not Sophia's ${id} server.`
      : `Nobody answers at ${url}.`;
  const state = timedOut || unreadable ? "unhealthy" : "unreachable";
  return { id, title: serverTitles[id], state, detail, startedAt: undefined, checks: [] };
}
