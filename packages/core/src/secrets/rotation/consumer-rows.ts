import type { Insertable, Selectable } from "kysely";
import type { Clock } from "../../limits/clock.ts";
import type { CoreTables } from "../../store/core-tables.ts";
import type { Store } from "../../store/store.ts";
import { formatEnvironmentId } from "../backend/environment-id.ts";
import type { SecretCheckAnswersTable, SecretChecksTable, SecretConsumersTable } from "./rotation-tables.ts";
import type { RotationTarget } from "./rotator.ts";

type Place = Pick<RotationTarget, "environment" | "path">;
export type ConsumerRow = Selectable<SecretConsumersTable>;
export type ConsumerReport = Omit<ConsumerRow, "beat" | "seen_at">;

/** What consumers say of the values they use, and what they answer when they are asked to try one. */
export interface ConsumerRows {
  report(reports: readonly ConsumerReport[]): Promise<void>;
  list(place: Place): Promise<ConsumerRow[]>;
  ask(check: Omit<Insertable<SecretChecksTable>, "created_at">): Promise<void>;
  /** Questions at these places that this process has not answered yet. */
  questions(environments: readonly string[], process: string): Promise<Selectable<SecretChecksTable>[]>;
  answer(answer: Omit<SecretCheckAnswersTable, "at">): Promise<void>;
  answers(rotationId: string): Promise<Selectable<SecretCheckAnswersTable>[]>;
  /** The question and its answers: nobody tries a value that is no longer pending. */
  withdraw(rotationId: string): Promise<void>;
}

/** A process that said nothing for so long is forgotten. */
const keepMs = 7 * 24 * 60 * 60_000;

export function createConsumerRows(store: Store<CoreTables>, clock: Clock): ConsumerRows {
  const { db } = store;
  return {
    async report(reports) {
      const seen = clock.now();
      for (const report of reports) {
        const { calls, failures, answers_checks } = report;
        await db
          .insertInto("secret_consumers")
          .values({ ...report, beat: 1, seen_at: seen })
          .onConflict((conflict) =>
            conflict.columns(["environment", "path", "process", "fingerprint"]).doUpdateSet((expression) => ({
              beat: expression("secret_consumers.beat", "+", 1),
              seen_at: seen,
              calls,
              failures,
              answers_checks,
            })),
          )
          .execute();
      }
      await db
        .deleteFrom("secret_consumers")
        .where("seen_at", "<", seen - keepMs)
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
    async ask(check) {
      await db
        .insertInto("secret_checks")
        .values({ ...check, created_at: clock.now() })
        .onConflict((conflict) => conflict.column("rotation_id").doUpdateSet({ sealed: check.sealed }))
        .execute();
    },
    questions: (environments, process) =>
      db
        .selectFrom("secret_checks")
        .selectAll()
        .where("environment", "in", environments)
        .where(({ not, exists, selectFrom }) =>
          not(
            exists(
              selectFrom("secret_check_answers")
                .select("process")
                .whereRef("secret_check_answers.rotation_id", "=", "secret_checks.rotation_id")
                .where("process", "=", process),
            ),
          ),
        )
        .limit(20)
        .execute(),
    async answer(answer) {
      await db
        .insertInto("secret_check_answers")
        .values({ ...answer, at: clock.now() })
        .onConflict((conflict) => conflict.columns(["rotation_id", "process"]).doNothing())
        .execute();
    },
    answers: (rotationId) =>
      db.selectFrom("secret_check_answers").selectAll().where("rotation_id", "=", rotationId).execute(),
    async withdraw(rotationId) {
      await db.deleteFrom("secret_checks").where("rotation_id", "=", rotationId).execute();
      await db.deleteFrom("secret_check_answers").where("rotation_id", "=", rotationId).execute();
    },
  };
}
