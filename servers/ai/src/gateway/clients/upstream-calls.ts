import type { AiHarness } from "../../testing/ai-harness.ts";

/** The chat requests as they arrived at the provider. */
export function upstreamCalls({ simulator }: AiHarness): { messages: unknown[]; [member: string]: unknown }[] {
  const chats = simulator.calls().filter(({ path }) => path === "/v1/chat/completions");
  return chats.map(({ body }) => ({ ...body, messages: body["messages"] as unknown[] }));
}

/** A PNG of one pixel. */
export const pixel =
  "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
