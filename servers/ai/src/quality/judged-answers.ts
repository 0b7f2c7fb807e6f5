import { narrowStore, type Store } from "@sophia/core/store/store";
import type { TraceTables } from "../traces/trace-tables.ts";
import type { Judgment } from "../usage/advice.ts";
import { goodScore } from "./feedback.ts";

const mostGroups = 2_000;

/**
 * How often answers of each model to each kind of request were found good enough since a time, by people (feedback) and
 * by judges (evaluations). An answer several have judged counts once, by their mean. Answers from the cache say nothing
 * of the model, those of a simulator nothing at all.
 */
export async function readJudgedAnswers<Tables extends TraceTables>(
  given: Store<Tables>,
  since: number,
): Promise<Judgment[]> {
  const { db }: Store<TraceTables> = narrowStore(given);
  const rows = await db
    .selectFrom((from) =>
      from
        .selectFrom("ai_annotations as said")
        .innerJoin("ai_traces as trace", "trace.request_id", "said.request_id")
        .select((field) => ["trace.category", "trace.model", field.fn.avg<number>("said.score").as("mean")])
        .where("said.at", ">=", since)
        .where("said.score", "is not", null)
        .where("trace.mode", "!=", "simulated")
        .where("trace.cache", "in", ["miss", "bypass"])
        .groupBy(["said.request_id", "trace.category", "trace.model"])
        .as("answer"),
    )
    .select((field) => [
      "category",
      "model",
      field.fn.countAll<number>().as("judged"),
      field.fn.sum<number>(field.case().when("mean", ">", goodScore).then(1).else(0).end()).as("passed"),
    ])
    .groupBy(["category", "model"])
    .orderBy("judged", "desc")
    .limit(mostGroups)
    .execute();
  // PostgreSQL counts in text.
  return rows.map(({ judged, passed, ...of }) => ({ ...of, judged: Number(judged), passed: Number(passed) }));
}
