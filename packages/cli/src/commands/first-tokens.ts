import { createTokens } from "@sophia/core/approval/tokens";
import { unwrap } from "@sophia/core/config/secret";
import { systemClock } from "@sophia/core/limits/clock";
import { withStore } from "../with-store.ts";
import type { CommandContext } from "./command-context.ts";

export interface FirstTokens {
  callerBearer?: string;
  /** Only ever on a terminal: elsewhere output ends in logs, which agents read. */
  approverBearer?: string;
}

/** The tokens of the first start, and those the environment brings; nothing to show later on. */
export async function makeFirstTokens({ config, terminal, log }: CommandContext): Promise<FirstTokens> {
  const { platform, approverToken, scrubber } = config;
  return await withStore(config, log, async (store) => {
    const tokens = createTokens({ store, clock: systemClock });
    await tokens.adoptConfigured(platform.token);
    const first = await tokens.ensureFirst(platform.dataDir, { hasCaller: platform.token !== undefined });
    for (const bearer of [first.callerBearer, first.approverBearer]) {
      if (bearer !== undefined) scrubber.register(bearer, "token");
    }
    if (approverToken !== undefined) {
      await tokens.adopt(unwrap(approverToken), {
        name: "SOPHIA_APPROVER_TOKEN",
        server: "*",
        scopes: ["read", "approve"],
      });
    }
    if (first.approverBearer === undefined || (terminal.interactive && approverToken === undefined)) return first;
    // Nobody will ever have seen it: a token without a holder must not stay valid.
    await tokens.revoke(firstApproverName);
    return first.callerBearer === undefined ? {} : { callerBearer: first.callerBearer };
  });
}

const firstApproverName = "first approver";
