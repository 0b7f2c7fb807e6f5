import { z } from "zod";
import type { CollectionReports, TaskFailure } from "./collection-reports.ts";

/** A collection as tools tell of it. */
export const CollectionSummary = z.object({
  collectionId: z.string(),
  name: z.string().nullable(),
  state: z.enum(["running", "paused", "aborted", "done"]),
  items: z.int(),
  done: z.int().describe("Over, in whatever way."),
  documents: z.int(),
  costUsd: z.number(),
  estimateUsd: z.number(),
  budgetUsd: z.number(),
  bySource: z
    .array(
      z.object({
        source: z.string(),
        states: z.record(z.string(), z.int()),
        documents: z.int(),
        costUsd: z.number(),
      }),
    )
    .describe("Items by state: unknown ones were sent, their outcome was lost, and they are not sent again."),
  failures: z.array(z.string()).describe("Equal ones together."),
  createdAt: z.string(),
  deadlineAt: z.string(),
  finishedAt: z.string().nullable(),
});

export function summarise(
  report: Awaited<ReturnType<CollectionReports["report"]>>,
): z.output<typeof CollectionSummary> {
  const { id, bySource, failures, createdAt, deadlineAt, finishedAt, ...facts } = report;
  return {
    ...facts,
    collectionId: id,
    documents: bySource.reduce((sum, { documents }) => sum + documents, 0),
    bySource: bySource.map(({ states, ...rest }) => ({ ...rest, states: { ...states } })),
    failures: failures.map(describeFailure),
    createdAt: new Date(createdAt).toISOString(),
    deadlineAt: new Date(deadlineAt).toISOString(),
    finishedAt: finishedAt === null ? null : new Date(finishedAt).toISOString(),
  };
}

function describeFailure({ source, state, message, count, item }: TaskFailure): string {
  return `${count} of ${source} ${state}: ${message} For example ${item}.`;
}
