import { hash, randomBytes } from "node:crypto";
import { join } from "node:path";
import { ensureKeyFile } from "../config/key-file.ts";
import { type Secret, unwrap } from "../config/secret.ts";
import { formatCommand, formatConnectCommand } from "../config/command-line.ts";
import { AppError } from "../errors/app-error.ts";
import type { Clock } from "../limits/clock.ts";
import type { Caller, Scope } from "./caller.ts";
import { newBearer } from "./new-bearer.ts";
import type { CoreTables, TokensTable } from "../store/core-tables.ts";
import type { Store } from "../store/store.ts";
import { formatScopes, parseScopes, scopeOrder } from "./scopes.ts";
import { createTokenCache } from "./token-cache.ts";
import { createTokenRows, type TokenRows } from "./token-rows.ts";

/** What is known of a token. The bearer itself is nowhere but with its holder. */
export interface TokenInfo {
  id: string;
  name: string;
  /** `*` or the id of one server. */
  server: string;
  scopes: Scope[];
  createdAt: number;
  expiresAt: number | undefined;
  revokedAt: number | undefined;
  lastUsedAt: number | undefined;
}

export interface TokenDescription {
  name: string;
  /** `*` or the id of one server. */
  server: string;
  scopes: readonly Scope[];
  /** Wall clock, milliseconds. */
  expiresAt?: number;
}

export interface FirstBearers {
  callerBearer?: string;
  approverBearer?: string;
}

/** The one issuer of bearers: MCP callers, gateway keys, approvers, the console. */
export interface Tokens {
  /** The bearer is shown to nobody again: only its SHA-256 is kept. */
  create(token: TokenDescription): Promise<{ id: string; bearer: string }>;
  /** Makes a bearer that came from elsewhere valid. Doing so twice changes nothing; a revoked one stays revoked. */
  adopt(bearer: string, token: TokenDescription): Promise<TokenInfo>;
  /**
   * Takes `SOPHIA_TOKEN` as the caller token (`read`, `write`, all servers) and revokes the one it replaces. Without it
   * the one adopted before is valid no more, until the variable brings it back.
   */
  adoptConfigured(token: Secret | undefined): Promise<void>;
  /** Newest first, without hashes. */
  list(): Promise<TokenInfo[]>;
  /** What is known of this bearer, valid or not. */
  find(bearer: string): Promise<TokenInfo | undefined>;
  /** Gives a token a time limit: the one in SOPHIA_TOKEN that replaces it then leaves it until that time. */
  limit(id: string, expiresAt: number): Promise<void>;
  /** By id, or all with this name. Returns how many; throws `not_found` when there is none left to revoke. */
  revoke(nameOrId: string): Promise<number>;
  /** Who holds this bearer, if it is valid here now. Revocation shows within a second. */
  authenticate(bearer: string, server: string): Promise<Caller | undefined>;
  /**
   * First start: a caller token, kept in `<dataDir>/caller-token` (0600), where none is configured, and an approver
   * token that is returned here once and kept nowhere. Any number of processes may do this at once; each token is
   * returned to one of them.
   */
  ensureFirst(dataDir: string, given: { hasCaller: boolean }): Promise<FirstBearers>;
}

/** Name of the token that the configuration holds. */
export const configuredName = "SOPHIA_TOKEN";
/** The next start ends tokens of that name: nobody may lose one that was made by hand. */
const reservedName = /^SOPHIA_/i;
const minimumBearerLength = 32;
const firstApproverId = "tok_first_approver";
const firstCaller: TokenDescription = { name: "first caller", server: "*", scopes: ["read", "write"] };
const firstApprover: TokenDescription = { name: "first approver", server: "*", scopes: ["read", "approve"] };

export const callerTokenFile = "caller-token";

export function createTokens(options: { store: Store<CoreTables>; clock: Clock }): Tokens {
  const { clock } = options;
  const rows = createTokenRows(options.store);
  const cache = createTokenCache(options);

  async function insert(bearer: string, token: TokenDescription, id = newId()): Promise<boolean> {
    const isNew = await rows.insert(toRow(bearer, token, id, clock.now()));
    cache.forget();
    return isNew;
  }

  async function adopt(bearer: string, token: TokenDescription): Promise<TokenInfo> {
    checkDescription(token);
    if (bearer.length < minimumBearerLength) {
      throw new AppError("invalid_input", `A bearer needs at least ${minimumBearerLength} characters.`);
    }
    await insert(bearer, token);
    return toInfo(await rows.getByHash(hashBearer(bearer)));
  }

  // The file is the truth: whoever makes it decides, all others take the bearer they find in it.
  async function ensureFirst(dataDir: string, { hasCaller }: { hasCaller: boolean }): Promise<FirstBearers> {
    const callerBearer = hasCaller ? undefined : readFirstBearer(join(dataDir, callerTokenFile));
    const isNewCaller = callerBearer !== undefined && (await insert(callerBearer, firstCaller));
    const approverBearer = newBearer(firstApprover);
    const isNewApprover = await insert(approverBearer, firstApprover, firstApproverId);
    return { ...(isNewCaller && { callerBearer }), ...(isNewApprover && { approverBearer }) };
  }

  return {
    async create(token) {
      checkDescription(token);
      refuseReservedName(token.name);
      const bearer = newBearer(token);
      const id = newId();
      await insert(bearer, token, id);
      return { id, bearer };
    },
    adopt,
    async adoptConfigured(token) {
      const adopted = token && (await adopt(unwrap(token), { ...firstCaller, name: configuredName }));
      await keepConfigured(rows, adopted, clock.now());
      cache.forget();
    },
    async list() {
      return (await rows.list()).map(toInfo);
    },
    limit: (id, expiresAt) => rows.setExpiry(id, expiresAt).then(cache.forget),
    find: async (bearer) => toInfoIfThere(await rows.findByHash(hashBearer(bearer))),
    async revoke(nameOrId) {
      const count = await rows.revoke({ nameOrId }, clock.now());
      cache.forget();
      if (count > 0) return count;
      throw noSuchToken();
    },
    authenticate: (bearer, server) => cache.authenticate(hashBearer(bearer), server),
    ensureFirst,
  };
}

function noSuchToken(): AppError {
  return new AppError("not_found", "No valid token has this name or id.", {
    hint: `See: ${formatCommand("token list")}`,
  });
}

/** Of the tokens that came from the environment, only the one that is there now stays valid. */
async function keepConfigured(rows: TokenRows, adopted: TokenInfo | undefined, now: number): Promise<void> {
  if (!adopted) {
    await rows.expire(configuredName, now);
    return;
  }
  if (adopted.revokedAt !== undefined) {
    throw new AppError("not_configured", "The token in SOPHIA_TOKEN was revoked.", { hint: "Set another one." });
  }
  // Another name is a token that was made with a time of its own.
  if (adopted.expiresAt !== undefined && adopted.name === configuredName) await rows.setExpiry(adopted.id, null);
  await rows.revoke({ name: configuredName, except: adopted.id }, now);
}

/** Throws `not_configured` on a file that holds no bearer: a token that nobody can present would pass for one. */
function readFirstBearer(file: string): string {
  const bearer = ensureKeyFile(file, () => `${newBearer(firstCaller)}\n`)
    .toString("utf8")
    .trim();
  if (bearer.length >= minimumBearerLength && /^[\w.~+/=-]+$/.test(bearer)) return bearer;
  throw new AppError(
    "not_configured",
    `The file ${file} holds no token of ${minimumBearerLength} characters or more.`,
    {
      hint: `Delete it and start again: a new token is made, and \`${formatConnectCommand()}\` hands it on.`,
    },
  );
}

function newId(): string {
  return `tok_${randomBytes(9).toString("base64url")}`;
}

function hashBearer(bearer: string): string {
  return hash("sha256", bearer);
}

function checkDescription(token: TokenDescription): void {
  if (!/^(?:\*|[a-z]{1,20})$/.test(token.server)) {
    throw new AppError("invalid_input", "A token is for one server or for all (*).", {
      hint: "ai, data, infra, bi or *",
    });
  }
  if (token.scopes.length === 0 || token.scopes.some((scope) => !scopeOrder.includes(scope))) {
    throw new AppError("invalid_input", "A token needs at least one scope.", { hint: "read, write, approve" });
  }
  if (!/^[^\p{C}\s][^\p{C}]{0,79}$/u.test(token.name)) {
    throw new AppError("invalid_input", "A token needs a name of at most 80 printable characters.");
  }
}

function refuseReservedName(name: string): void {
  if (!reservedName.test(name)) return;
  throw new AppError("invalid_input", "Names that begin with SOPHIA_ are for tokens from the environment.", {
    hint: "Choose another name.",
  });
}

function toRow(bearer: string, token: TokenDescription, id: string, now: number): TokensTable {
  return {
    id,
    name: token.name,
    server: token.server,
    scopes: formatScopes(token.scopes),
    hash: hashBearer(bearer),
    created_at: now,
    expires_at: token.expiresAt ?? null,
    revoked_at: null,
    last_used_at: null,
  };
}

function toInfoIfThere(row: TokensTable | undefined): TokenInfo | undefined {
  return row && toInfo(row);
}

function toInfo(row: TokensTable): TokenInfo {
  return {
    id: row.id,
    name: row.name,
    server: row.server,
    scopes: parseScopes(row.scopes),
    createdAt: row.created_at,
    expiresAt: row.expires_at ?? undefined,
    revokedAt: row.revoked_at ?? undefined,
    lastUsedAt: row.last_used_at ?? undefined,
  };
}
