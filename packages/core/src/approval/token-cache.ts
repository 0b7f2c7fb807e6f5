import { timingSafeEqual } from "node:crypto";
import type { Clock } from "../limits/clock.ts";
import type { Caller } from "../mcp/define-tool.ts";
import type { CoreTables } from "../store/core-tables.ts";
import type { Store } from "../store/store.ts";
import { parseScopes } from "./scopes.ts";

export interface TokenCache {
  /** `hash` is the SHA-256 of the bearer, hex. */
  authenticate(hash: string, server: string): Promise<Caller | undefined>;
  /** The next question asks the store. */
  forget(): void;
}

interface KnownToken {
  id: string;
  hash: Buffer;
  server: string;
  expiresAt: number;
  caller: Caller;
  usedAt: number;
}

/** Revocation shows after this time at the latest. */
const maximumAgeMs = 1_000;
const refreshAgeMs = 500;
/** A bearer nobody knows may be new: the store is asked again, but a flood of guesses costs ten queries a second. */
const unknownAgeMs = 100;
const maximumTokens = 10_000;
const useResolutionMs = 60_000;

/**
 * All valid tokens, read at most once a second with one query: neither a busy caller nor a flood of wrong bearers
 * costs a query each. Throws what the store throws when it cannot be read: no answer is no entry.
 */
export function createTokenCache(options: { store: Store<CoreTables>; clock: Clock }): TokenCache {
  const { store, clock } = options;
  let tokens = new Map<string, KnownToken>();
  let readAt = -Infinity;
  let reading: Promise<void> | undefined;

  async function read(): Promise<void> {
    const startedAt = clock.monotonic();
    const rows = await store.db
      .selectFrom("tokens")
      .select(["id", "name", "server", "scopes", "hash", "expires_at", "last_used_at"])
      .where("revoked_at", "is", null)
      .where((expression) => {
        return expression.or([expression("expires_at", "is", null), expression("expires_at", ">", clock.now())]);
      })
      .orderBy("created_at", "desc")
      .limit(maximumTokens)
      .execute();
    tokens = new Map(rows.map((row) => [row.hash, toKnownToken(row, tokens.get(row.hash))]));
    readAt = startedAt;
  }

  function refresh(): Promise<void> {
    reading ??= read().finally(() => (reading = undefined));
    return reading;
  }

  function find(hash: string, server: string): KnownToken | undefined {
    const known = tokens.get(hash);
    if (!known || !timingSafeEqual(known.hash, Buffer.from(hash))) return undefined;
    const isHere = known.server === "*" || known.server === server;
    return isHere && known.expiresAt > clock.now() ? known : undefined;
  }

  function noteUse(token: KnownToken): void {
    const now = clock.now();
    if (now - token.usedAt < useResolutionMs) return;
    token.usedAt = now;
    const update = store.db.updateTable("tokens").set({ last_used_at: now }).where("id", "=", token.id).execute();
    // Nobody waits for it: when a token was last used is a hint for people, and the next use writes it again.
    update.catch(() => (token.usedAt = 0));
  }

  return {
    async authenticate(hash, server) {
      const age = clock.monotonic() - readAt;
      if (age >= maximumAgeMs) await refresh();
      else if (age >= refreshAgeMs) refresh().catch(() => {});
      let token = find(hash, server);
      if (!token && clock.monotonic() - readAt >= unknownAgeMs) {
        await refresh();
        token = find(hash, server);
      }
      if (!token) return undefined;
      noteUse(token);
      return token.caller;
    },
    forget() {
      readAt = -Infinity;
    },
  };
}

function toKnownToken(
  row: Pick<CoreTables["tokens"], "id" | "name" | "server" | "scopes" | "hash" | "expires_at" | "last_used_at">,
  last: KnownToken | undefined,
): KnownToken {
  return {
    id: row.id,
    hash: Buffer.from(row.hash),
    server: row.server,
    expiresAt: row.expires_at ?? Infinity,
    caller: { id: row.id, name: row.name, scopes: parseScopes(row.scopes) },
    usedAt: last?.usedAt ?? row.last_used_at ?? 0,
  };
}
