import { AppError } from "@sophia/core/errors/app-error";
import type { Clock } from "@sophia/core/limits/clock";
import type { CoreTables } from "@sophia/core/store/core-tables";
import { narrowStore, type Store } from "@sophia/core/store/store";
import type { Kysely } from "kysely";
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
  /** That of the caller, or of an older token of its name: a rotated key keeps its limits and what it has spent. */
  get(caller: string): Promise<VersionedPolicy>;
  list(): Promise<VersionedPolicy[]>;
  /** Tokens that go by the policy of another one of their name: id → whose policy it is. */
  heirs(): Promise<Map<string, string>>;
  /** Throws AppError `denied` when somebody changed it since `version` was read. */
  put(changed: VersionedPolicy): Promise<void>;
}

export function createPolicyRows<Tables extends CoreTables & PolicyTables>(options: {
  store: Store<Tables>;
  clock: Clock;
}): PolicyRows {
  const { db }: Store<CoreTables & PolicyTables> = narrowStore(options.store);
  return {
    async get(caller) {
      const owner = (await listHeirs(db, caller)).get(caller) ?? caller;
      const row = await db.selectFrom("ai_key_policies").selectAll().where("caller", "=", owner).executeTakeFirst();
      return row ? toVersioned(row) : { caller, policy: noPolicy, version: 0 };
    },
    heirs: () => listHeirs(db),
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

/** The newest of several policies counts. */
async function listHeirs(db: Kysely<CoreTables & PolicyTables>, caller?: string): Promise<Map<string, string>> {
  let query = db
    .selectFrom("tokens as heir")
    .innerJoin("tokens as owner", "owner.name", "heir.name")
    .innerJoin("ai_key_policies as policy", "policy.caller", "owner.id")
    .select(["heir.id as heir", "owner.id as owner"])
    .where("heir.id", "not in", (inner) => inner.selectFrom("ai_key_policies").select("caller"));
  if (caller !== undefined) query = query.where("heir.id", "=", caller);
  const rows = await query.orderBy("owner.created_at").orderBy("owner.id").execute();
  return new Map(rows.map(({ heir, owner }) => [heir, owner]));
}
