import type { z } from "zod";
import type { AppError } from "../errors/app-error.ts";
import { readBody } from "./body.ts";
import type { Answer } from "./exchange.ts";
import { badReply } from "./failures.ts";
import { parseJson } from "./json.ts";

export interface ReplyRules<S> {
  schema: z.ZodType<S>;
  as: "json" | "text" | "bytes";
  keepBigIntegers: boolean;
  maxBytes: number;
}

const decoder = new TextDecoder("utf-8", { fatal: true });

/** The body as the adapter's schema wants it, or "bad reply from X" without a word of the body. */
export async function parseReply<S>(service: string, answer: Answer, rules: ReplyRules<S>): Promise<S> {
  const bytes = await readBody(answer.body, answer.headers["content-encoding"], { maxBytes: rules.maxBytes });
  const value = rules.as === "bytes" ? bytes : readText(service, bytes, rules);
  const parsed = rules.schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues.map((issue) => `${issue.path.join(".") || "(top)"}: ${issue.code}`).join("; ");
  const what = bytes.length === 0 ? "it is empty" : "it does not have the agreed form";
  throw badReply(service, what, { cause: new Error(where.slice(0, 1_000)), status: answer.status });
}

function readText(service: string, bytes: Buffer, rules: { as: string; keepBigIntegers: boolean }): unknown {
  if (bytes.length === 0) return undefined;
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    throw badReply(service, "it is not valid text");
  }
  if (rules.as === "text") return text;
  try {
    return parseJson(text, { keepBigIntegers: rules.keepBigIntegers });
  } catch (error) {
    throw notJson(service, text, error);
  }
}

function notJson(service: string, text: string, cause: unknown): AppError {
  const isHtml = /^\s*<(!doctype|html|\?xml)/i.test(text.slice(0, 200));
  return badReply(service, isHtml ? "it is a web page, not data" : "it is not sound JSON", { cause });
}
