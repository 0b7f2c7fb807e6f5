import { AppError } from "@sophia/core/errors/app-error";
import type { Clock } from "@sophia/core/limits/clock";
import { narrowStore, type Store } from "@sophia/core/store/store";
import type { KeyPoliciesTable, PolicyTables } from "./policy-tables.ts";
import { fromRow, noPolicy, type StoredPolicy, toRow } from "./stored-policy.ts";

export interface VersionedPolicy {
  caller: string;
  policy: StoredPolicy;
  /** 0: there is no row yet. */
  version: number;
}

/** Policies in the store, for tools and the command line. */
export interface PolicyRows {
  get(caller: string): Promise<VersionedPolicy>;
  list(): Promise<VersionedPolicy[]>;
  /** Throws AppError `denied` when somebody changed it since `version` was read. */
  put(changed: VersionedPolicy): Promise<void>;
}

export function createPolicyRows<Tables extends PolicyTables>(options: {
  store: Store<Tables>;
  clock: Clock;
}): PolicyRows {
  const { db }: Store<PolicyTables> = narrowStore(options.store);
  return {
    async get(caller) {
      const row = await db.selectFrom("ai_key_policies").selectAll().where("caller", "=", caller).executeTakeFirst();
      return row ? toVersioned(row) : { caller, policy: noPolicy, version: 0 };
    },
    async list() {
      return (await db.selectFrom("ai_key_policies").selectAll().orderBy("caller").execute()).map(toVersioned);
    },
    async put({ caller, policy, version }) {
      const values = { ...toRow(policy), version: version + 1, updated_at: options.clock.now() };
      const write =
        version === 0
          ? db
              .insertInto("ai_key_policies")
              .values({ caller, ...values })
              .onConflict((conflict) => conflict.column("caller").doNothing())
          : db.updateTable("ai_key_policies").set(values).where("caller", "=", caller).where("version", "=", version);
      const done = await write.executeTakeFirst();
      const count = "numUpdatedRows" in done ? done.numUpdatedRows : done.numInsertedOrUpdatedRows;
      if (count === 1n) return;
      throw new AppError("denied", "The policy was changed by somebody else meanwhile.", { hint: "Plan it again." });
    },
  };
}

function toVersioned(row: KeyPoliciesTable): VersionedPolicy {
  return { caller: row.caller, policy: fromRow(row), version: row.version };
}
