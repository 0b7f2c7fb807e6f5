import { createTokens } from "@sophia/core/approval/tokens";
import { noPolicy, type StoredPolicy } from "../policies/stored-policy.ts";
import type { AiHarness } from "./ai-harness.ts";

export interface PolicyKey {
  /** Its id. */
  caller: string;
  /** To the OpenAI API, e.g. `embeddings`. */
  post(path: string, body: object, headers?: Record<string, string>): Promise<Response>;
  /** A tool over MCP; its structured answer, or its text when it failed. */
  callTool(name: string, input: object): Promise<unknown>;
  /** The same key at another server that knows it. */
  at(url: string): PolicyKey;
}

/** A key with this policy, and what asks with it over HTTP. */
export async function createPolicyKey(harness: AiHarness, policy: Partial<StoredPolicy>): Promise<PolicyKey> {
  const { platform, services } = harness;
  const token = await createTokens(platform).create({ name: crypto.randomUUID(), server: "ai", scopes: ["read"] });
  await services.usage.policyRows.put({ caller: token.id, policy: { ...noPolicy, ...policy }, version: 0 });
  await services.policies.refresh();
  return openKey(harness.url, token);
}

function openKey(url: string, token: { id: string; bearer: string }): PolicyKey {
  const send = async (path: string, body: object, headers: Record<string, string> = {}): Promise<Response> => {
    const authorization = `Bearer ${token.bearer}`;
    const accept = "application/json, text/event-stream";
    const ask = () =>
      fetch(`${url}${path}`, {
        method: "POST",
        headers: { authorization, accept, "content-type": "application/json", ...headers },
        body: JSON.stringify(body),
      });
    let response = await ask();
    // Bearers that are not known yet are looked for ten times a second.
    while (response.status === 401) {
      await new Promise((resolve) => setTimeout(resolve, 30));
      response = await ask();
    }
    return response;
  };
  return {
    caller: token.id,
    at: (other) => openKey(other, token),
    post: (path, body, headers) => send(`/v1/${path}`, body, headers),
    async callTool(name, input) {
      const params = { name, arguments: input };
      const response = await send("/mcp", { jsonrpc: "2.0", id: 1, method: "tools/call", params });
      const text = await response.text();
      const json = text.startsWith("{") ? text : (/^data: (.+)$/m.exec(text)?.[1] ?? "{}");
      const { result } = JSON.parse(json) as { result: { structuredContent?: unknown; content: unknown } };
      return result.structuredContent ?? result.content;
    },
  };
}
