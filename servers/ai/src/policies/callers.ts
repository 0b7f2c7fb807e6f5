import { createTokens, type TokenInfo } from "@sophia/core/approval/tokens";
import { AppError } from "@sophia/core/errors/app-error";
import type { Clock } from "@sophia/core/limits/clock";
import type { CoreTables } from "@sophia/core/store/core-tables";
import { narrowStore, type Store } from "@sophia/core/store/store";

export interface KnownCaller {
  id: string;
  name: string;
}

/** Who may call this server, by the names people gave their tokens. */
export interface Callers {
  /** Holders of a token that is valid here, newest first. */
  list(): Promise<KnownCaller[]>;
  /** Names of all there ever were, by id. */
  names(): Promise<Map<string, string>>;
  /** Throws AppError `not_found`, and `invalid_input` where several have the name. */
  find(nameOrId: string): Promise<KnownCaller>;
}

export function createCallers<Tables extends CoreTables>(options: { store: Store<Tables>; clock: Clock }): Callers {
  const { clock } = options;
  const store: Store<CoreTables> = narrowStore(options.store);
  const tokens = createTokens({ store, clock });

  function isValid({ revokedAt, expiresAt, server }: TokenInfo): boolean {
    const isHere = server === "*" || server === "ai";
    return isHere && revokedAt === undefined && (expiresAt === undefined || expiresAt > clock.now());
  }

  async function list(): Promise<KnownCaller[]> {
    return (await tokens.list()).filter(isValid).map(({ id, name }) => ({ id, name }));
  }

  return {
    list,
    names: async () => new Map((await tokens.list()).map(({ id, name }) => [id, name])),
    async find(nameOrId) {
      const known = await list();
      const matching = known.filter(({ id, name }) => id === nameOrId || name === nameOrId);
      const [first] = matching;
      if (!first) {
        throw new AppError("not_found", "No valid token of this server has that name or id.", {
          hint: "list_key_policies shows all.",
        });
      }
      if (matching.length > 1) {
        throw new AppError("invalid_input", "Several tokens have that name.", {
          hint: `Give the id: ${matching.map(({ id }) => id).join(", ")}.`,
        });
      }
      return first;
    },
  };
}
