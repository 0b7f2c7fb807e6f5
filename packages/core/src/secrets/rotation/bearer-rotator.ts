import { newBearer } from "../../approval/new-bearer.ts";
import { configuredName, type TokenInfo, type Tokens } from "../../approval/tokens.ts";
import { Secret, unwrap } from "../../config/secret.ts";
import { AppError } from "../../errors/app-error.ts";
import type { Clock } from "../../limits/clock.ts";
import type { RotatedService } from "./rotation-types.ts";

/** A use is noted once a minute, and somebody else may be about to note one. */
const recentUseMs = 3 * 60_000;
/** Longer than a rotation waits for consumers that keep the old value. */
const besideMs = 21 * 24 * 60 * 60_000;
const docsUrl = "https://modelcontextprotocol.io/specification/draft/basic/authorization";

export interface BearerServiceOptions {
  tokens: Tokens;
  clock: Clock;
  /** SOPHIA_TOKEN is a variable of the processes: what the store says is not what they use. */
  isOverridden: boolean;
}

/** Sophia's own bearers as a service: a new bearer with the same scopes, valid beside the old one until that is revoked. */
export function createBearerService({ tokens, clock, isOverridden }: BearerServiceOptions): RotatedService {
  async function getCurrent(bearer: Secret): Promise<TokenInfo> {
    const info = await getValid(tokens, bearer, clock);
    if (info.name === configuredName && isOverridden) throw overridden();
    return info;
  }

  return {
    id: "sophia",
    title: "Sophia",
    docsUrl,
    keyShape: [],
    rotator: {
      strategy: "a second bearer with the same scopes",
      async describe({ current }) {
        const { name, server, scopes } = await getCurrent(current);
        const where = server === "*" ? "all servers" : server;
        return {
          changes: [
            `A new bearer "${name}" is made for ${where} with ${scopes.join(", ")}.`,
            "Later: the old one is revoked.",
          ],
          warnings: [],
        };
      },
      create: async ({ current }) => new Secret(newBearer(await getCurrent(current))),
      async set({ current }, next) {
        const { name, server, scopes, expiresAt } = await getCurrent(current);
        // The servers end every other token of that name, unless it has a time to come.
        const until = name === configuredName ? clock.now() + besideMs : expiresAt;
        await tokens.adopt(unwrap(next), { name, server, scopes, ...(until !== undefined && { expiresAt: until }) });
        return [];
      },
      async promote({ current }) {
        const info = await tokens.find(unwrap(current));
        if (info?.name === configuredName) await tokens.limit(info.id, clock.now() + besideMs);
      },
      async validate({ current }, value) {
        const [info, old] = [await getValid(tokens, value, clock), await tokens.find(unwrap(current))];
        const missing = old?.scopes.find((scope) => !info.scopes.includes(scope));
        if (missing === undefined && (old === undefined || old.server === info.server)) return;
        throw new AppError("denied", "The new bearer may not do what the old one may.", {
          hint: "Somebody changed one of them during the rotation.",
        });
      },
      async observe(_context, value) {
        const info = await tokens.find(unwrap(value));
        return info?.lastUsedAt !== undefined && clock.now() - info.lastUsedAt < recentUseMs ? 1 : 0;
      },
      async retire(_context, value) {
        const info = await tokens.find(unwrap(value));
        if (info && info.revokedAt === undefined) await tokens.revoke(info.id);
        return [];
      },
    },
  };
}

async function getValid(tokens: Tokens, bearer: Secret, clock: Clock): Promise<TokenInfo> {
  const info = await tokens.find(unwrap(bearer));
  const isOver = info?.revokedAt !== undefined || (info?.expiresAt ?? Infinity) <= clock.now();
  if (!info || isOver) {
    throw new AppError("denied", "This bearer is not valid.", {
      hint: "Servers take the one of the store at their start. Else make a new one with `token create` and store it.",
    });
  }
  return info;
}

function overridden(): AppError {
  return new AppError(
    "invalid_input",
    "SOPHIA_TOKEN is set in the environment of the servers: the store's is not in use.",
    {
      hint: "Take it out of the environment: the store then holds the caller's bearer.",
    },
  );
}
