import type { Insertable, Selectable } from "kysely";
import type { Clock } from "../../limits/clock.ts";
import type { CoreTables } from "../../store/core-tables.ts";
import type { Store } from "../../store/store.ts";
import type { SecretCheckAnswersTable, SecretChecksTable } from "./rotation-tables.ts";

/** Pending values that consumers are asked to try, and what they answer. */
export interface CheckRows {
  ask(check: Omit<Insertable<SecretChecksTable>, "created_at">): Promise<void>;
  /** Questions in these environments that this process has not answered yet. */
  questions(environments: readonly string[], process: string): Promise<Selectable<SecretChecksTable>[]>;
  answer(answer: Omit<SecretCheckAnswersTable, "at">): Promise<void>;
  answers(rotationId: string): Promise<Selectable<SecretCheckAnswersTable>[]>;
  /** The question and its answers: nobody tries a value that is no longer pending. */
  withdraw(rotationId: string): Promise<void>;
}

export function createCheckRows({ db }: Store<CoreTables>, clock: Clock): CheckRows {
  return {
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
