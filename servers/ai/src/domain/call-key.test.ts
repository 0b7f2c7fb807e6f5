import { expect, test } from "vitest";
import { toKey } from "./call-key.ts";
import type { ChatCall } from "./chat-call.ts";
import { type KeyPolicy, openPolicy } from "./key-policy.ts";

const call: ChatCall = {
  request: { messages: [{ role: "user", content: "hello" }] },
  caller: { id: "c", name: "tester", scopes: ["read"] },
  requestId: "r",
  signal: new AbortController().signal,
  cache: "use",
};

test("answers of a simulator, or asked for under another policy, serve by meaning as little as word for word", () => {
  const of = (policy: Partial<KeyPolicy>, simulated = false) =>
    toKey(call, { ...openPolicy, ...policy }, { simulated });
  const kinds = [of({}), of({}, true), of({ dataPolicy: "local" }), of({ region: "eu" }), of({ region: "us" })];
  expect(new Set(kinds.map((kind) => kind?.scope)).size).toBe(kinds.length);
  expect(new Set(kinds.map((kind) => kind?.key)).size).toBe(kinds.length);
  expect(of({ budgets: [], requestsPerMinute: 5 })?.scope).toBe("c");
});
