import type { Selectable } from "kysely";
import type { Clock } from "../../limits/clock.ts";
import type { CoreTables } from "../../store/core-tables.ts";
import type { Store } from "../../store/store.ts";
import { formatEnvironmentId } from "../backend/environment-id.ts";
import type { SecretConsumersTable } from "./rotation-tables.ts";
import type { RotationTarget } from "./rotation-types.ts";

export type ConsumerRow = Selectable<SecretConsumersTable>;
export type ConsumerReport = Omit<ConsumerRow, "beat" | "seen_at">;

/** What consumers say of the values they use. */
export interface ConsumerRows {
  report(reports: readonly ConsumerReport[]): Promise<void>;
  list(place: Pick<RotationTarget, "environment" | "path">): Promise<ConsumerRow[]>;
}

/** A process that said nothing for so long is forgotten. */
const keepMs = 7 * 24 * 60 * 60_000;

export function createConsumerRows({ db }: Store<CoreTables>, clock: Clock): ConsumerRows {
  return {
    async report(reports) {
      const now = clock.now();
      for (const report of reports) {
        const { calls, failures, answers_checks } = report;
        await db
          .insertInto("secret_consumers")
          .values({ ...report, beat: 1, seen_at: now })
          .onConflict((conflict) =>
            conflict.columns(["environment", "path", "process", "fingerprint"]).doUpdateSet((expression) => ({
              beat: expression("secret_consumers.beat", "+", 1),
              seen_at: now,
              calls,
              failures,
              answers_checks,
            })),
          )
          .execute();
      }
      await db
        .deleteFrom("secret_consumers")
        .where("seen_at", "<", now - keepMs)
        .execute();
    },
    list: ({ environment, path }) =>
      db
        .selectFrom("secret_consumers")
        .selectAll()
        .where("environment", "=", formatEnvironmentId(environment))
        .where("path", "=", path)
        .orderBy("process")
        .orderBy("fingerprint")
        .execute(),
  };
}
