import { hash } from "node:crypto";
import type { ShelfEntry } from "./entry-shelf.ts";

/** Which answers say the same. */
export interface AnswerGroups {
  /** `undefined`: cannot be told, or the entry is gone. */
  saysTheSame(fresh: string, entry: ShelfEntry): Promise<boolean | undefined>;
  /** The group of a near entry whose answer says the same, else a new one; `tried` is known to say something else. */
  find(fresh: string, near: readonly { entry: ShelfEntry }[], tried: string | undefined): Promise<string>;
}

export interface AnswerGroupsOptions {
  sameAnswer?(fresh: string, kept: string): Promise<boolean | undefined>;
  textOf?(value: string): string;
  readValue(entry: ShelfEntry): Promise<string | undefined>;
}

/** Groups a fresh answer is compared with, the nearest first. */
const comparedGroups = 3;

export function createAnswerGroups(options: AnswerGroupsOptions): AnswerGroups {
  const normalize = (value: string): string =>
    (options.textOf?.(value) ?? value).normalize("NFKC").trim().replace(/\s+/gu, " ").toLowerCase();

  async function saysTheSame(fresh: string, entry: ShelfEntry): Promise<boolean | undefined> {
    const kept = await options.readValue(entry);
    if (kept === undefined) return undefined;
    if (normalize(kept) === normalize(fresh)) return true;
    return options.sameAnswer ? await options.sameAnswer(fresh, kept) : false;
  }

  return {
    saysTheSame,
    async find(fresh, near, tried) {
      const known = new Set([tried]);
      for (const { entry } of near) {
        if (known.has(entry.answerGroup)) continue;
        if (known.size > comparedGroups) break;
        known.add(entry.answerGroup);
        if ((await saysTheSame(fresh, entry)) === true) return entry.answerGroup;
      }
      return hash("sha256", normalize(fresh)).slice(0, 32);
    },
  };
}
