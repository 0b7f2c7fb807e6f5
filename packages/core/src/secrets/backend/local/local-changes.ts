import { applyPatches } from "../../esc/apply-patches.ts";
import { openSecrets } from "../../esc/open-secrets.ts";
import { sealSecrets } from "../../esc/seal-secrets.ts";
import { hasErrors } from "../../inspect/has-errors.ts";
import { isConflict } from "../conflict.ts";
import type { EnvironmentId, UpdateOptions, UpdateResult } from "../secret-backend.ts";
import { lazyCrypter, type LocalEvaluator } from "./local-evaluation.ts";
import { checkCount, trimMessage } from "./local-limits.ts";
import type { LocalStore } from "./local-store.ts";
import { changedMeanwhile, createLocalWriter, mostAttempts } from "./local-writer.ts";
import { createReusingCrypter } from "./reusing-crypter.ts";
import type { StoredRevision } from "./revision-file.ts";
import { sealRevision } from "./seal-revision.ts";

/** What makes new revisions. */
export interface LocalChanges {
  create(id: EnvironmentId, message: string | undefined): Promise<void>;
  clone(id: EnvironmentId, to: EnvironmentId): Promise<void>;
  update(id: EnvironmentId, yaml: string, options: UpdateOptions): Promise<UpdateResult>;
  rollback(id: EnvironmentId, revision: number | string, message: string | undefined): Promise<UpdateResult>;
  rotate(id: EnvironmentId, paths: readonly string[] | undefined): Promise<UpdateResult>;
}

const firstText = "";

export function createLocalChanges(store: LocalStore, evaluator: LocalEvaluator): LocalChanges {
  const { files, clock, author, limits, keyring } = store;
  const { append, update } = createLocalWriter(store, evaluator);

  return {
    update,
    async create(id, message) {
      checkCount((await files.list(undefined)).length, limits.environments, "environments");
      const createdAt = clock.now();
      const first = { revision: 1, createdAt, author, message: trimMessage(message), yaml: firstText };
      await files.create(id, { createdAt, revisions: only(first) });
    },
    async clone(id, to) {
      checkCount((await files.list(undefined)).length, limits.environments, "environments");
      await files.create(to, {
        createdAt: clock.now(),
        revisions: copyRevisions(store, id, to),
        addNotes: (folder) => copyNotes(store, files.folderOf(id), folder),
      });
    },
    async rollback(id, revision, message) {
      const wanted = await store.resolve(id, revision);
      const { yaml } = await files.read(id, wanted);
      const { diagnostics } = await evaluator.evaluate({ id, source: yaml, mode: "check" });
      if (hasErrors(diagnostics)) return { kept: false, diagnostics };
      const text = trimMessage(message) || `Rolled back to revision ${wanted}.`;
      const kept = await append(id, { yaml, message: text }, undefined);
      return { kept: true, revision: kept.revision, etag: kept.etag, diagnostics };
    },
    async rotate(id, paths) {
      const { revision } = await files.head(id);
      const { yaml } = await files.read(id, revision);
      keyring.crypter(id);
      const rotated = await evaluator.evaluate({ id, source: yaml, mode: "rotate", paths });
      if (rotated.patches.length === 0) return { kept: false, diagnostics: rotated.diagnostics };
      for (let attempt = 0; attempt < mostAttempts; attempt++) {
        // The credentials outside are changed already: a lost race must not lose what they are now.
        const head = await files.read(id, (await files.head(id)).revision);
        const patched = await sealRevision(store, id, applyPatches(head.yaml, rotated.patches));
        const kept = await unlessConflict(append(id, { yaml: patched, message: "Rotated." }, head.etag));
        if (kept !== undefined) {
          return { kept: true, revision: kept.revision, etag: kept.etag, diagnostics: rotated.diagnostics };
        }
      }
      throw changedMeanwhile(id);
    },
  };
}

async function* only(revision: Omit<StoredRevision, "etag">): AsyncGenerator<Omit<StoredRevision, "etag">> {
  yield await Promise.resolve(revision);
}

/** The whole history, its secrets sealed anew for the copy; what was the same ciphertext twice is so again. */
async function* copyRevisions(
  { files, keyring }: LocalStore,
  id: EnvironmentId,
  to: EnvironmentId,
): AsyncGenerator<Omit<StoredRevision, "etag">> {
  const from = lazyCrypter(() => keyring.crypter(id));
  const crypter = createReusingCrypter(lazyCrypter(() => keyring.crypter(to)));
  const { revision: newest } = await files.head(id);
  for (let revision = 1; revision <= newest; revision++) {
    const stored = await files.read(id, revision);
    crypter.rewind();
    yield { ...stored, yaml: await sealSecrets(await openSecrets(stored.yaml, from), crypter) };
  }
}

async function copyNotes(store: LocalStore, from: string, target: string): Promise<void> {
  for (const [name, note] of await store.tags.all(from)) await store.tags.put(target, name, note);
  for (const [name, note] of await store.revisionTags.all(from)) await store.revisionTags.put(target, name, note);
  for (const [name, note] of await store.retractions.all(from)) await store.retractions.put(target, name, note);
}

async function unlessConflict<Result>(work: Promise<Result>): Promise<Result | undefined> {
  try {
    return await work;
  } catch (thrown) {
    if (isConflict(thrown)) return undefined;
    throw thrown;
  }
}
