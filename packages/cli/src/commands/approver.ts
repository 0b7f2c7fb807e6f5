import { readFile } from "node:fs/promises";
import { formatCommand } from "@sophia/core/config/command-line";
import type { Tokens } from "@sophia/core/approval/tokens";
import { unwrap } from "@sophia/core/config/secret";
import { AppError } from "@sophia/core/errors/app-error";
import type { Caller } from "@sophia/core/approval/caller";
import type { CommandContext } from "./command-context.ts";

/** The person who decides, by a token with the scope `approve`: from a file, SOPHIA_APPROVER_TOKEN, or asked for on a terminal. */
export async function authenticateApprover(
  context: CommandContext,
  tokens: Tokens,
  options: { server: string; tokenFile: string | undefined },
): Promise<Caller> {
  if (!(await hasApprover(tokens))) {
    throw new AppError("denied", "Nobody can approve yet: there is no valid approver's token.", {
      hint: `Make one on a terminal and keep it away from agents: ${formatCommand("token create --name me --scope approve")}`,
    });
  }
  const bearer = await readBearer(context, options.tokenFile);
  context.config.scrubber.register(bearer, "approver token");
  const caller = await tokens.authenticate(bearer, options.server);
  if (caller?.scopes.includes("approve") === true) return caller;
  throw new AppError(
    "denied",
    caller === undefined ? "This is not a valid approver's token." : `The token ${caller.name} may not approve.`,
    {
      hint: `Use the approver's token shown at the first start, or ask an approver to make you one with: ${formatCommand("token create --name NAME --scope approve")}`,
    },
  );
}

export async function hasApprover(tokens: Tokens): Promise<boolean> {
  const now = Date.now();
  const rows = await tokens.list();
  return rows.some(
    ({ scopes, revokedAt, expiresAt = Infinity }) =>
      scopes.includes("approve") && revokedAt === undefined && expiresAt > now,
  );
}

async function readBearer({ config, terminal }: CommandContext, tokenFile: string | undefined): Promise<string> {
  if (tokenFile !== undefined) {
    const text = await readFile(tokenFile, "utf8").catch((error: unknown) => {
      throw new AppError("not_found", `The token file ${tokenFile} cannot be read.`, {
        hint: "Check the path.",
        cause: error,
      });
    });
    return text.trim();
  }
  if (config.approverToken !== undefined) return unwrap(config.approverToken);
  if (!terminal.interactive) {
    throw new AppError("denied", "Approving needs the approver's token, and there is no terminal to ask for it.", {
      hint: "Run this on a terminal, or set SOPHIA_APPROVER_TOKEN, or pass --token-file.",
    });
  }
  const { isCancel, password } = await import("@clack/prompts");
  const answer = await password({ message: "Approver's token" });
  if (isCancel(answer)) throw new AppError("denied", "Nothing was decided.");
  return answer.trim();
}
