import { unlessMissing } from "@sophia/core/errors/unless-missing";
import type { EnvironmentId } from "@sophia/core/secrets/backend/secret-backend";
import { parsePropertyPath } from "@sophia/core/secrets/esc/property-path";
import { findDefinition } from "@sophia/core/secrets/inspect/find-definition";
import type { SecretDesk } from "./secret-desk.ts";

/** When a definition became what it is. */
export interface ValueAge {
  revision: number;
  /** Wall clock, milliseconds. */
  changedAt: number;
  /** It is at least that old: the history was not read further. */
  isOlder: boolean;
}

/** Each is one read: beyond this the age is told as "at least". */
const maximumRevisions = 50;

/**
 * Since when each definition is what it is now, by path. A secret whose ciphertext stays the same is the same secret, so
 * that no key is needed.
 */
export async function findAges(
  { backend }: Pick<SecretDesk, "backend">,
  id: EnvironmentId,
  paths: readonly string[],
): Promise<Map<string, ValueAge>> {
  const history = (await backend.revisions(id, { limit: maximumRevisions })).filter(({ retracted }) => !retracted);
  const ages = new Map<string, ValueAge>();
  const newest = new Map<string, string>();
  let waiting = [...paths];
  for (const { revision, createdAt } of history) {
    if (waiting.length === 0) break;
    const source = await unlessMissing(backend.read(id, { revision }));
    const find = findDefinition(source?.yaml ?? "");
    const unchanged = waiting.filter((path) => {
      const text = find(["values", ...parsePropertyPath(path)]);
      if (text === undefined) return false;
      if (!newest.has(path)) newest.set(path, text);
      return newest.get(path) === text;
    });
    const isOlder = revision > 1 && history.at(-1)?.revision === revision;
    for (const path of unchanged) ages.set(path, { revision, changedAt: createdAt, isOlder });
    waiting = unchanged;
  }
  return ages;
}
