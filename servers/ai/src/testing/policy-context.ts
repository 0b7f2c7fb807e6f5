import type { ToolContext } from "@sophia/core/mcp/define-tool";
import { pino } from "pino";
import type { PolicyServices } from "../policies/change-key-policy.ts";
import { noPolicy, type StoredPolicy } from "../policies/stored-policy.ts";

/** Services over one policy in memory: that of the key `billing-bot`, id `tok_a`, or of all together. */
export function createPolicyContext(start: StoredPolicy = noPolicy) {
  const state = { policy: start, version: start === noPolicy ? 0 : 1, refreshed: 0 };
  const services: PolicyServices = {
    usage: {
      callers: {
        async find(name) {
          if (name !== "billing-bot") throw new Error("not found");
          return { id: "tok_a", name };
        },
      },
      policyRows: {
        get: async (caller) => ({ caller, policy: state.policy, version: state.version }),
        async put({ policy, version }) {
          state.policy = policy;
          state.version = version + 1;
        },
      },
    },
    policies: {
      async refresh() {
        state.refreshed += 1;
      },
    },
  };
  const context: ToolContext<PolicyServices> = {
    services,
    caller: { id: "c1", name: "tester", scopes: ["read", "write"] },
    requestId: "r1",
    signal: new AbortController().signal,
    progress: () => {},
    log: pino({ level: "silent" }),
  };
  return { state, context };
}
