import { createPolicyRows } from "@sophia/ai/policies/policy-rows";
import { policyMigrations, type PolicyTables } from "@sophia/ai/policies/policy-tables";
import { describePolicy, type StoredPolicy } from "@sophia/ai/policies/stored-policy";
import { formatCommand } from "@sophia/core/config/command-line";
import { systemClock } from "@sophia/core/limits/clock";
import { AppError } from "@sophia/core/errors/app-error";
import { createTokens } from "@sophia/core/approval/tokens";
import type { TokenDescription, TokenInfo, Tokens } from "@sophia/core/approval/tokens";
import type { Caller, Scope } from "@sophia/core/approval/caller";
import { narrowStore, type Store } from "@sophia/core/store/store";
import type { CoreTables } from "@sophia/core/store/core-tables";
import { formatTime } from "../format-time.ts";
import { formatTable } from "../format-table.ts";
import { selectServers } from "../server-list.ts";
import { withStore } from "../with-store.ts";
import { authenticateApprover, hasApprover } from "./approver.ts";
import { recordAct } from "./audit.ts";
import type { CommandContext } from "./command-context.ts";

const dayMs = 86_400_000;
const allScopes = ["read", "write", "approve"] as const;

export interface CreateTokenOptions {
  name: string;
  /** "*" or one of the servers' ids. */
  server: string;
  scopes: readonly string[];
  /** Days until it expires; never when absent. */
  days: number | undefined;
  json: boolean;
  tokenFile: string | undefined;
  /** Limits of a key of the AI server. */
  policy?: StoredPolicy | undefined;
}

type Tables = CoreTables & PolicyTables;

/** Makes a token and prints it. It is stored as a hash only: nobody can print it again. */
export async function runTokenCreate(context: CommandContext, options: CreateTokenOptions): Promise<number> {
  const scopes = parseScopes(options.scopes);
  if (options.server !== "*") selectServers([options.server]);
  const expiresAt = options.days === undefined ? undefined : Date.now() + options.days * dayMs;
  const create = async (store: Store<Tables>): Promise<number> => {
    const tokens = createTokens({ store: narrowStore(store), clock: systemClock });
    const { name, server, policy } = options;
    const description = { name, server, scopes, ...(expiresAt !== undefined && { expiresAt }) };
    const { id, bearer } = await recordAct(context, {
      tool: "token.create",
      effect: "create",
      phase: "token",
      server,
      arguments: { ...description, ...(policy && { policy }) },
      identify: async () =>
        scopes.includes("approve") ? await requireRightToAppoint(context, tokens, options) : undefined,
      run: () => createLimited(store, tokens, { description, policy }),
      describe: (created) => ({ outcome: "created", tokenId: created.id }),
    });
    if (options.json) context.terminal.print(JSON.stringify({ id, name: options.name, bearer, expiresAt }));
    else {
      context.terminal.note(
        `Token ${options.name} (${scopes.join(", ")}; server ${options.server}). It is shown once:`,
      );
      if (policy) context.terminal.note(`Limits: ${describePolicy(policy)}.`);
      context.terminal.print(bearer);
    }
    return 0;
  };
  return await withStore(context.config, context.log, create, [policyMigrations]);
}

/** Nobody has seen the bearer yet: a key that cannot be limited ends before it can be used. */
async function createLimited(
  store: Store<Tables>,
  tokens: Tokens,
  { description, policy }: { description: TokenDescription; policy: StoredPolicy | undefined },
): Promise<{ id: string; bearer: string }> {
  const created = await tokens.create(description);
  if (!policy) return created;
  try {
    await createPolicyRows({ store, clock: systemClock }).put({ caller: created.id, policy, version: 0 });
    return created;
  } catch (thrown) {
    await tokens.revoke(created.id);
    throw thrown;
  }
}

export async function runTokenList(context: CommandContext, options: { json: boolean }): Promise<number> {
  const list = async (store: Store<Tables>): Promise<number> => {
    const rows = await createTokens({ store: narrowStore(store), clock: systemClock }).list();
    const policyRows = createPolicyRows({ store, clock: systemClock });
    const limits = new Map((await policyRows.list()).map(({ caller, policy }) => [caller, policy]));
    for (const [heir, owner] of await policyRows.heirs()) {
      const policy = limits.get(owner);
      if (policy) limits.set(heir, policy);
    }
    if (options.json) {
      const tokens = rows.map((row) => ({ ...row, policy: limits.get(row.id) }));
      context.terminal.print(JSON.stringify({ tokens }));
      return 0;
    }
    const cells = rows.map((row) => [
      row.id,
      row.name,
      row.server,
      row.scopes.join(" "),
      describeState(row),
      row.lastUsedAt === undefined ? "never" : formatTime(row.lastUsedAt),
      describeLimits(limits.get(row.id)),
    ]);
    const titles = ["ID", "NAME", "SERVER", "SCOPES", "STATE", "LAST USED", "LIMITS"];
    context.terminal.print(formatTable(titles, cells, context.terminal.columns));
    return 0;
  };
  return await withStore(context.config, context.log, list, [policyMigrations]);
}

function describeLimits(policy: StoredPolicy | undefined): string {
  return policy ? describePolicy(policy) : "";
}

export async function runTokenRevoke(context: CommandContext, nameOrId: string): Promise<number> {
  return await withStore(context.config, context.log, async (store) => {
    const tokens = createTokens({ store, clock: systemClock });
    const isMeant = (row: TokenInfo): boolean =>
      row.revokedAt === undefined && (row.id === nameOrId || row.name === nameOrId);
    const meant = (await tokens.list()).filter(isMeant).map((row) => row.id);
    const count = await recordAct(context, {
      tool: "token.revoke",
      effect: "destroy",
      phase: "token",
      server: "*",
      arguments: { nameOrId },
      identify: () => Promise.resolve(undefined),
      run: () => tokens.revoke(nameOrId),
      describe: () => ({ outcome: "revoked", tokenId: meant.join(" ") }),
    });
    const revoked = count === 1 ? `Token ${nameOrId} is` : `${count} tokens with the name ${nameOrId} are`;
    context.terminal.note(`${revoked} revoked. Running servers refuse it within a second.`);
    return 0;
  });
}

function parseScopes(names: readonly string[]): Scope[] {
  const scopes = allScopes.filter((scope) => names.includes(scope));
  if (scopes.length === names.length && scopes.length > 0) return scopes;
  throw new AppError(
    "invalid_input",
    `The scopes are ${allScopes.join(", ")}; ${names.join(", ") || "none"} was given.`,
    {
      hint: `Example: ${formatCommand("token create --name cursor --scope read,write")}`,
    },
  );
}

/** An approver may appoint another; without any, a person at a terminal. Else any agent with a shell could appoint itself. */
async function requireRightToAppoint(
  context: CommandContext,
  tokens: Tokens,
  options: CreateTokenOptions,
): Promise<Caller | undefined> {
  if (await hasApprover(tokens)) {
    return await authenticateApprover(context, tokens, { server: options.server, tokenFile: options.tokenFile });
  }
  if (context.terminal.interactive) return undefined;
  throw new AppError("denied", "The first approver can only be appointed on a terminal.", {
    hint: "Run this on a terminal, or start Sophia with SOPHIA_APPROVER_TOKEN.",
  });
}

function describeState(row: TokenInfo): string {
  if (row.revokedAt !== undefined) return "revoked";
  if (row.expiresAt !== undefined && row.expiresAt <= Date.now()) return "expired";
  return "valid";
}
