import { timingSafeEqual } from "node:crypto";
import type { Clock } from "../limits/clock.ts";
import type { Caller } from "./caller.ts";
import type { CoreTables, TokensTable } from "../store/core-tables.ts";
import type { Store } from "../store/store.ts";
import { parseScopes } from "./scopes.ts";
import { createTokenRows, type TokenRows } from "./token-rows.ts";

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
  const { clock } = options;
  const rows = createTokenRows(options.store);
  const snapshot = createSnapshot(rows, clock);

  function find(hash: string, server: string): KnownToken | undefined {
    const known = snapshot.get(hash);
    if (!known || !timingSafeEqual(known.hash, Buffer.from(hash))) return undefined;
    const isHere = known.server === "*" || known.server === server;
    return isHere && known.expiresAt > clock.now() ? known : undefined;
  }

  function noteUse(token: KnownToken): void {
    const now = clock.now();
    if (now - token.usedAt < useResolutionMs) return;
    token.usedAt = now;
    // Nobody waits for it: when a token was last used is a hint for people, and the next use writes it again.
    rows.noteUse(token.id, now).catch(() => (token.usedAt = 0));
  }

  return {
    async authenticate(hash, server) {
      const age = snapshot.ageMs();
      if (age >= maximumAgeMs) {
        await snapshot.refresh();
        // The read that was joined may have begun long before this call.
        if (snapshot.ageMs() >= maximumAgeMs) await snapshot.refresh();
      } else if (age >= refreshAgeMs) {
        // A failure shows to the first caller who has to wait.
        snapshot.refresh().catch(() => {});
      }
      let token = find(hash, server);
      if (!token && snapshot.ageMs() >= unknownAgeMs) {
        await snapshot.refresh();
        token = find(hash, server);
      }
      if (!token) return undefined;
      noteUse(token);
      return token.caller;
    },
    forget: snapshot.forget,
  };
}

/** The valid tokens as they were `ageMs` ago; one read at a time. */
function createSnapshot(rows: TokenRows, clock: Clock) {
  let tokens = new Map<string, KnownToken>();
  let readAt = -Infinity;
  let reading: Promise<void> | undefined;
  let forgotten = 0;

  async function read(): Promise<void> {
    const startedAt = clock.monotonic();
    const generation = forgotten;
    const valid = await rows.listValid(clock.now(), maximumTokens);
    tokens = new Map(valid.map((row) => [row.hash, toKnownToken(row, tokens.get(row.hash))]));
    // Somebody changed a token while this was read: it may be in there or not.
    if (generation === forgotten) readAt = startedAt;
  }

  return {
    get: (hash: string) => tokens.get(hash),
    ageMs: () => clock.monotonic() - readAt,
    refresh(): Promise<void> {
      reading ??= read().finally(() => (reading = undefined));
      return reading;
    },
    forget(): void {
      forgotten += 1;
      readAt = -Infinity;
    },
  };
}

function toKnownToken(row: TokensTable, last: KnownToken | undefined): KnownToken {
  return {
    id: row.id,
    hash: Buffer.from(row.hash),
    server: row.server,
    expiresAt: row.expires_at ?? Infinity,
    caller: { id: row.id, name: row.name, scopes: parseScopes(row.scopes) },
    usedAt: last?.usedAt ?? row.last_used_at ?? 0,
  };
}
