import type { CoreTables } from "@sophia/core/store/core-tables";
import type { Store } from "@sophia/core/store/store";
import { z } from "zod";

/** A restart that was carried out through Sophia. Docker itself forgets them: its count stays 0. */
export interface RestartRecord {
  /** Milliseconds since 1970. */
  finishedAtMs: number;
  outcome: "applied" | "failed" | "unknown";
  caller: string;
}

export interface RestartHistory {
  /** Newest first, at most 20. `resource` is written as in the plan: `container web`, `server ai`. */
  recent(resource: string, sinceMs: number): Promise<RestartRecord[]>;
}

const StoredPlan = z.object({ changes: z.array(z.object({ resource: z.string() })) });
const Outcome = z.enum(["applied", "failed", "unknown"]);
const readLimit = 200;
const shownLimit = 20;

/** Reads the plans that every server keeps: a restart is a plan that ended, so there is no second record of it. */
export function createRestartHistory(store: Store<CoreTables>): RestartHistory {
  return {
    async recent(resource, sinceMs) {
      const rows = await store.db
        .selectFrom("plans")
        .select(["plan", "state", "caller", "finished_at"])
        .where("server", "=", "infra")
        .where("tool", "=", "plan_change")
        .where("finished_at", ">=", sinceMs)
        .orderBy("finished_at", "desc")
        .limit(readLimit)
        .execute();
      return rows
        .flatMap((row) => {
          const plan = StoredPlan.safeParse(JSON.parse(row.plan));
          const outcome = Outcome.safeParse(row.state);
          if (!plan.success || !outcome.success || row.finished_at === null) return [];
          if (!plan.data.changes.some((change) => change.resource === resource)) return [];
          return [{ finishedAtMs: row.finished_at, outcome: outcome.data, caller: row.caller }];
        })
        .slice(0, shownLimit);
    },
  };
}
