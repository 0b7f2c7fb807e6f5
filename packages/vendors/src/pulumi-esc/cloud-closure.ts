import { hash } from "node:crypto";
import { toAppError } from "@sophia/core/errors/app-error";
import { formatEnvironmentId } from "@sophia/core/secrets/backend/environment-id";
import { findReferences } from "@sophia/core/secrets/backend/find-references";
import { parseEnvironmentReference } from "@sophia/core/secrets/backend/environment-reference";
import type { EnvironmentId } from "@sophia/core/secrets/backend/secret-backend";

export interface CloudClosureSource {
  /** One small request. Throws `not_found` and `denied`. */
  etagOf(id: EnvironmentId, revision: number | string | undefined): Promise<string>;
  readText(id: EnvironmentId, revision: number | string | undefined): Promise<string>;
}

export interface CloudClosure {
  version(id: EnvironmentId): Promise<string | undefined>;
}

/** Each look asks for every member; beyond this only opening tells. */
const mostMembers = 64;
const mostTexts = 1_000;
const absent = "missing";

/**
 * Pulumi Cloud tells an ETag for each environment, none for what it imports. So the texts are read once for what they
 * import, and from then on one small request for each member tells whether anything changed.
 */
export function createCloudClosure(source: CloudClosureSource): CloudClosure {
  /** By reference and ETag: what the text imports. */
  const imports = new Map<string, readonly string[]>();

  async function stampOf(reference: string): Promise<string> {
    try {
      const { id, revision } = parseEnvironmentReference(reference);
      return await source.etagOf(id, revision);
    } catch (thrown) {
      const { kind } = toAppError(thrown);
      if (kind === "not_found" || kind === "denied" || kind === "invalid_input") return absent;
      throw thrown;
    }
  }

  async function importsOf(reference: string, stamp: string): Promise<readonly string[]> {
    if (stamp === absent) return [];
    const key = `${reference} ${stamp}`;
    const known = imports.get(key);
    if (known !== undefined) return known;
    const { id, revision } = parseEnvironmentReference(reference);
    const found = findReferences(await source.readText(id, revision));
    const oldest = imports.keys().next();
    if (imports.size >= mostTexts && !oldest.done) imports.delete(oldest.value);
    imports.set(key, found);
    return found;
  }

  return {
    async version(id) {
      const root = formatEnvironmentId(id);
      const stamps = new Map<string, string>();
      for (let wave: readonly string[] = [root]; wave.length > 0;) {
        if (stamps.size + wave.length > mostMembers) return undefined;
        const found = await Promise.all(wave.map(async (each) => [each, await stampOf(each)] as const));
        for (const [reference, stamp] of found) stamps.set(reference, stamp);
        const next = await Promise.all(found.map(([reference, stamp]) => importsOf(reference, stamp)));
        wave = [...new Set(next.flat())].filter((each) => !stamps.has(each));
      }
      const parts = [...stamps].map(([reference, stamp]) => `${reference}=${stamp}`).sort();
      return hash("sha256", parts.join("\n")).slice(0, 32);
    },
  };
}
