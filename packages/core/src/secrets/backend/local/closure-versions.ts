import { formatEnvironmentId } from "../environment-id.ts";
import type { EnvironmentId } from "../secret-backend.ts";
import { type Closure, digestClosure } from "./local-evaluation.ts";

/** What every environment imported when it was looked at last: asking whether one of them changed reads no file. */
export interface ClosureVersions {
  /** The version of what was just opened. */
  remember(id: EnvironmentId, root: string, closure: Closure): string;
  current(id: EnvironmentId): Promise<string>;
}

export interface ClosureSource {
  stampOf(reference: string): Promise<string>;
  /** Reads the environment's text anew, and what it imports. */
  find(id: EnvironmentId): Promise<{ root: string; closure: Closure }>;
}

const most = 1_000;

export function createClosureVersions(source: ClosureSource): ClosureVersions {
  const known = new Map<string, { root: string; closure: Closure }>();

  function remember(id: EnvironmentId, root: string, closure: Closure): string {
    const name = formatEnvironmentId(id);
    known.delete(name);
    known.set(name, { root, closure });
    const oldest = known.keys().next();
    if (known.size > most && !oldest.done) known.delete(oldest.value);
    return digestClosure(root, closure);
  }

  async function isCurrent(id: EnvironmentId, seen: { root: string; closure: Closure }): Promise<boolean> {
    if ((await source.stampOf(formatEnvironmentId(id))) !== seen.root) return false;
    const same = await Promise.all(
      [...seen.closure].map(async ([reference, stamp]) => (await source.stampOf(reference)) === stamp),
    );
    return same.every(Boolean);
  }

  return {
    remember,
    async current(id) {
      const seen = known.get(formatEnvironmentId(id));
      if (seen !== undefined && (await isCurrent(id, seen))) return digestClosure(seen.root, seen.closure);
      // What is imported depends on the texts, so with one of them changed it has to be found out again.
      const { root, closure } = await source.find(id);
      return remember(id, root, closure);
    },
  };
}
