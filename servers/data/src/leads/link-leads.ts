import { AppError } from "@sophia/core/errors/app-error";
import { blockLeads } from "./block-leads.ts";
import { clusterLeads } from "./cluster-leads.ts";
import { compareLeads, type Level } from "./compare-leads.ts";
import type { LeadField, LeadRecord } from "./lead-record.ts";
import { normaliseLead } from "./normalise-lead.ts";
import { type ComparedPair, weighFields } from "./weigh-fields.ts";

/** One recorded decision: two records are one subject. */
export interface LeadMatch {
  recordA: string;
  recordB: string;
  /** That they are one subject, 0 to 1, if the fields are independent. */
  probability: number;
  /** What spoke for and against it, in bits, the strongest first. */
  reasons: { field: LeadField; level: Level; bits: number }[];
}

export interface LinkedLeads {
  matches: LeadMatch[];
  /** Ids of records of one subject, at least two each. */
  clusters: string[][];
}

export interface LinkSettings {
  /** Least probability of a match. Fixed beforehand, on generated records. */
  threshold?: number;
  /** Pairs of ids that a person said are two subjects: never in one cluster. */
  keptApart?: readonly (readonly [string, string])[];
}

export const leadThreshold = 0.8;
/** All pairs worth comparing are held in memory: some hundred megabytes for this many records. */
export const mostRecords = 20_000;

/**
 * Records of persons and organisations → who is whom. Nothing is learned from labels: what agreement is worth follows
 * from the records themselves and from fixed expectations of errors. Work grows with the number of records, not with
 * its square; it runs to its end without a pause, so a server calls it in a worker.
 * @throws AppError invalid_input for more than 20,000 records or an id given twice
 */
export function linkLeads(records: readonly LeadRecord[], settings: LinkSettings = {}): LinkedLeads {
  const threshold = settings.threshold ?? leadThreshold;
  refuseUnfit(records);
  const normal = records.map((record) => normaliseLead(record));
  const compare = (a: number, b: number): ComparedPair => ({ a, b, comparison: compareLeads(normal[a]!, normal[b]!) });
  const pairs = blockLeads(normal).map(([a, b]) => compare(a, b));
  const weights = weighFields(normal, pairs);
  const { priorBits } = weights;
  const leastBits = toBits(threshold) - priorBits;
  const found = pairs
    .map((pair) => ({ a: pair.a, b: pair.b, ...weights.weigh(pair) }))
    .filter(({ bits }) => bits >= leastBits);
  const places = new Map(normal.map(({ id }, index) => [id, index]));
  const apart = (settings.keptApart ?? []).flatMap(([one, other]) => {
    const [a, b] = [places.get(one), places.get(other)];
    return a === undefined || b === undefined ? [] : [[a, b] as const];
  });
  const clusters = clusterLeads(found, (a, b) => weights.weigh(compare(a, b)).bits - leastBits, apart);
  return {
    matches: found.map(({ a, b, bits, reasons }) => ({
      recordA: normal[a]!.id,
      recordB: normal[b]!.id,
      probability: 1 / (1 + 2 ** -(bits + priorBits)),
      reasons,
    })),
    clusters: clusters.map((cluster) => cluster.map((index) => normal[index]!.id)),
  };
}

function refuseUnfit(records: readonly LeadRecord[]): void {
  if (records.length > mostRecords) {
    throw new AppError("invalid_input", `One call links at most ${mostRecords.toLocaleString("en")} records.`, {
      hint: "Split the records by country or region: records of one subject seldom lie in two.",
    });
  }
  if (new Set(records.map(({ id }) => id)).size < records.length) {
    throw new AppError("invalid_input", "Two records have the same id.", {
      hint: "Give each record an id of its own.",
    });
  }
}

function toBits(probability: number): number {
  return Math.log2(probability / (1 - probability));
}
