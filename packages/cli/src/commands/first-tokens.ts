import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createTokens } from "@sophia/core/approval/tokens";
import { systemClock } from "@sophia/core/limits/clock";
import { withStore } from "../with-store.ts";
import type { CommandContext } from "./command-context.ts";

export interface FirstTokens {
  callerBearer?: string;
  approverBearer?: string;
}

/** Where the first caller's token is kept for `connect` and for stdio clients on this machine, readable by the owner alone. */
export function callerTokenFile(dataDir: string): string {
  return join(dataDir, "caller-token");
}

/** The tokens of the first start; nothing later on. The approver's is only ever shown. */
export async function makeFirstTokens(context: CommandContext): Promise<FirstTokens> {
  const { platform, scrubber } = context.config;
  return await withStore(context.config, context.log, async (store) => {
    const tokens = createTokens({ store, clock: systemClock });
    if (platform.token) await tokens.adoptConfigured(platform.token);
    const first = await tokens.ensureFirst();
    for (const bearer of [first.callerBearer, first.approverBearer]) {
      if (bearer !== undefined) scrubber.register(bearer, "token");
    }
    if (first.callerBearer !== undefined) {
      await writeFile(callerTokenFile(platform.dataDir), `${first.callerBearer}\n`, { mode: 0o600, flush: true });
    }
    return first;
  });
}
