import { hash } from "node:crypto";
import type { CallContent, CallRecord } from "../domain/call-record.ts";
import { toFamily } from "../domain/model-family.ts";

/** What must be known of a call when somebody judges its answer later. */
export interface RecentCall {
  requestId: string;
  at: number;
  family: string;
  category: string;
  vector?: Float32Array | undefined;
  embeddingModelId?: string | undefined;
}

/** The last calls in memory, bounded: a vector has 6 kB, so this is 12 MB at most. */
export interface RecentCalls {
  add(record: CallRecord, content: CallContent): void;
  get(requestId: string): RecentCall | undefined;
  /** The caller's call with the same messages, not longer ago than `withinMs`. */
  findSame(record: CallRecord, content: CallContent, withinMs: number): RecentCall | undefined;
}

const maxCalls = 2_000;

export function createRecentCalls(): RecentCalls {
  const calls = new Map<string, RecentCall>();
  const bySaid = new Map<string, string>();
  return {
    add(record, content) {
      const { requestId, category, startedAt: at } = record;
      const { vector, embeddingModelId } = content;
      calls.set(requestId, { requestId, at, category, family: toFamily(record.model), vector, embeddingModelId });
      const said = toSaid(record, content);
      // Set again at the end: the order of the map is the order of forgetting.
      bySaid.delete(said);
      bySaid.set(said, requestId);
      dropFirst(calls);
      dropFirst(bySaid);
    },
    get: (requestId) => calls.get(requestId),
    findSame(record, content, withinMs) {
      const call = calls.get(bySaid.get(toSaid(record, content)) ?? "");
      return call && record.startedAt - call.at <= withinMs ? call : undefined;
    },
  };
}

/** Short ones as they are: making a digest takes longer than comparing them. */
const longestSaid = 600;

function toSaid({ caller }: CallRecord, { messages }: CallContent): string {
  const said = JSON.stringify([caller, messages]);
  return said.length <= longestSaid ? said : hash("sha256", said, "base64");
}

function dropFirst(map: Map<string, unknown>): void {
  if (map.size <= maxCalls) return;
  const first = map.keys().next();
  if (!first.done) map.delete(first.value);
}
