import { isUtf8 } from "node:buffer";
import { type JSONRPCMessage, parseJSONRPCMessage } from "@modelcontextprotocol/server";
import { findShapeFault } from "./json-guard.ts";
import { type Line, overlongLine } from "./stdio-lines.ts";

/** One line as the message it holds, or as the answer that refuses it. */
export type Incoming =
  | { kind: "message"; message: JSONRPCMessage; line: Buffer }
  | { kind: "refused"; answer: string }
  | { kind: "empty" };

const parseError = -32_700;
const invalidRequest = -32_600;

/** Looks at a line as the HTTP server looks at a body: the same limits, the same codes. */
export function parseLine(line: Line, maxBytes: number): Incoming {
  if (line === overlongLine) return refuse(invalidRequest, `Invalid Request: a line is longer than ${maxBytes} bytes`);
  if (line.every(isWhitespace)) return { kind: "empty" };
  if (!isUtf8(line)) return refuse(parseError, "Parse error: the line is not valid UTF-8");
  const fault = findShapeFault(line);
  if (fault !== undefined) return refuse(invalidRequest, `Invalid Request: ${fault}`);
  let value: unknown;
  try {
    value = JSON.parse(line.toString());
  } catch {
    return refuse(parseError, "Parse error: the line is not valid JSON");
  }
  if (Array.isArray(value)) return refuse(invalidRequest, "Invalid Request: batches are not served");
  try {
    return { kind: "message", message: parseJSONRPCMessage(value), line };
  } catch {
    return refuse(invalidRequest, "Invalid Request: not a JSON-RPC message", idOf(value));
  }
}

/** An error answer as one line. */
export function formatErrorLine(id: string | number | null, code: number, message: string): string {
  return JSON.stringify({ jsonrpc: "2.0", id, error: { code, message } });
}

function refuse(code: number, message: string, id: string | number | null = null): Incoming {
  return { kind: "refused", answer: formatErrorLine(id, code, message) };
}

function isWhitespace(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d;
}

function idOf(value: unknown): string | number | null {
  const id = typeof value === "object" && value !== null && "id" in value ? value.id : undefined;
  return typeof id === "string" || typeof id === "number" ? id : null;
}
