import type { ExactCache } from "@sophia/core/cache/exact-cache";
import type { CallKey } from "./call-key.ts";
import type { SemanticAnswers } from "./semantic-answers.ts";

type Place = Pick<CallKey, "partition" | "key">;

/** What recent calls were answered by or left behind in the caches, so that a bad opinion takes it out of both. */
export interface KeptAnswers {
  note(requestId: string, place: Place): void;
  noteEntry(place: Place, entryId: string): void;
  /** The answer to that request is not given again. False: the call is too long ago, or was none for a cache. */
  forget(requestId: string): Promise<boolean>;
}

/** Opinions come soon or not at all; what has been forgotten here lives out its time. */
const remembered = 5_000;

export function createKeptAnswers(parts: {
  cache: Pick<ExactCache, "remove">;
  semantic?: Pick<SemanticAnswers, "evict"> | undefined;
}): KeptAnswers {
  const places = new Map<string, Place>();
  const entries = new Map<string, string>();
  const idOf = ({ partition, key }: Place) => `${partition} ${key}`;
  return {
    note: (requestId, { partition, key }) => setBounded(places, requestId, { partition, key }),
    noteEntry: (place, entryId) => setBounded(entries, idOf(place), entryId),
    async forget(requestId) {
      const place = places.get(requestId);
      if (!place) return false;
      const entryId = entries.get(idOf(place));
      await parts.cache.remove(place.partition, place.key);
      if (entryId !== undefined) await parts.semantic?.evict(entryId);
      return true;
    },
  };
}

function setBounded<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.set(key, value);
  if (map.size <= remembered) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}
