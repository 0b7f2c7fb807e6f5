import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { PROTOCOL_VERSION_META_KEY } from "@modelcontextprotocol/server";
import { request } from "undici";
import { z } from "zod";
import type { PlatformConfig } from "../../config/platform-config.ts";
import { unwrap } from "../../config/secret.ts";
import { AppError } from "../../errors/app-error.ts";

/** Calls end at 55 s on the server; streams of subscriptions stay open, kept alive by comments every 15 s. */
const headersTimeoutMs = 60_000;
const bodyTimeoutMs = 60_000;
const maxRunning = 64;

const Liveness = z.object({ server: z.string() });

/** The server of this kind that already serves this data directory, with a bearer for it. */
export async function findRunningServer(
  config: PlatformConfig,
  id: string,
  port: number,
): Promise<{ url: string; bearer: string } | undefined> {
  const url = `http://127.0.0.1:${port}`;
  try {
    const response = await request(`${url}/livez`, { headersTimeout: 1_000, bodyTimeout: 1_000 });
    const alive = Liveness.safeParse(await response.body.json());
    if (!alive.success || alive.data.server !== id) return undefined;
    const bearer = config.token
      ? unwrap(config.token)
      : (await readFile(join(config.dataDir, "caller-token"), "utf8")).trim();
    return { url, bearer };
  } catch {
    return undefined;
  }
}

/**
 * Passes a stdio client's messages to the server that `sophia up` already runs on this data directory. Two servers on
 * one directory would each run the schedules; a proxy has nothing to disagree about.
 */
export async function proxyStdio(options: {
  url: string;
  bearer: string;
  input: Readable;
  output: Writable;
}): Promise<void> {
  const running = new Set<Promise<void>>();
  for await (const line of createInterface({ input: options.input })) {
    if (line.trim() === "") continue;
    if (running.size >= maxRunning) await Promise.race(running);
    const task = forward(options, line).finally(() => running.delete(task));
    running.add(task);
  }
  await Promise.all(running);
}

async function forward(options: { url: string; bearer: string; output: Writable }, line: string): Promise<void> {
  const message = parse(line);
  try {
    const response = await request(`${options.url}/mcp`, {
      method: "POST",
      headersTimeout: headersTimeoutMs,
      bodyTimeout: bodyTimeoutMs,
      headers: {
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
        authorization: `Bearer ${options.bearer}`,
        ...mirrorHeaders(message),
      },
      body: line,
    });
    if (String(response.headers["content-type"] ?? "").startsWith("text/event-stream")) {
      for await (const event of createInterface({ input: response.body })) {
        if (event.startsWith("data: ") && event.length > 6) options.output.write(`${event.slice(6)}\n`);
      }
      return;
    }
    const body = await response.body.text();
    if (body !== "" && message?.["id"] !== undefined) options.output.write(`${withId(body, message["id"])}\n`);
  } catch (thrown) {
    if (message?.["id"] === undefined) return;
    const error = new AppError("unavailable", "The running server does not answer.", { cause: thrown });
    const answer = { jsonrpc: "2.0", id: message["id"], error: { code: -31_000, message: error.message } };
    options.output.write(`${JSON.stringify(answer)}\n`);
  }
}

/** The headers that 2026-07-28 wants beside the body over HTTP; stdio has none. */
function mirrorHeaders(message: Record<string, unknown> | undefined): Record<string, string> {
  const params = record(message?.["params"]);
  const version = record(params?.["_meta"])?.[PROTOCOL_VERSION_META_KEY];
  if (typeof version !== "string" || typeof message?.["method"] !== "string") return {};
  const name = params?.["name"] ?? params?.["uri"];
  return {
    "mcp-protocol-version": version,
    "mcp-method": message["method"],
    ...(typeof name === "string" ? { "mcp-name": headerValue(name) } : {}),
  };
}

/** Text that does not fit a header travels as a Base64 sentinel (SEP-2243). */
function headerValue(text: string): string {
  return /^[\x21-\x7e]*$/.test(text) ? text : `=?base64?${Buffer.from(text).toString("base64")}?=`;
}

/** Refusals before the body was read carry a null id; over stdio the client could not match them. */
function withId(body: string, id: unknown): string {
  const answer = parse(body);
  return answer && answer["id"] === null ? JSON.stringify({ ...answer, id }) : body.replaceAll("\n", " ");
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    return record(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function record(value: unknown): Record<string, unknown> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}
