import { applyPatches } from "../../esc/apply-patches.ts";
import type { EscDiagnostic } from "../../esc/evaluation.ts";
import { openSecrets } from "../../esc/open-secrets.ts";
import { sealSecrets } from "../../esc/seal-secrets.ts";
import type { Crypter } from "../../esc/surroundings.ts";
import { AppError } from "../../../errors/app-error.ts";
import { createConflict, isConflict } from "../conflict.ts";
import { formatEnvironmentId } from "../environment-id.ts";
import type { EnvironmentId, UpdateResult } from "../secret-backend.ts";
import { lazyCrypter, type LocalEvaluator } from "./local-evaluation.ts";
import { checkCount, checkRevisionCount, checkSource, trimMessage } from "./local-limits.ts";
import type { LocalStore } from "./local-store.ts";
import { createReusingCrypter } from "./reusing-crypter.ts";
import type { StoredRevision } from "./revision-file.ts";

/** What makes new revisions. */
export interface LocalChanges {
  create(id: EnvironmentId, message: string | undefined): Promise<void>;
  clone(id: EnvironmentId, to: EnvironmentId): Promise<void>;
  update(id: EnvironmentId, yaml: string, options: { etag?: string; message?: string }): Promise<UpdateResult>;
  rollback(id: EnvironmentId, revision: number | string, message: string | undefined): Promise<UpdateResult>;
  rotate(id: EnvironmentId, paths: readonly string[] | undefined): Promise<UpdateResult>;
}

/** Writers without an ETag go on after each other; so many lost races mean that something else is wrong. */
const mostAttempts = 50;
const firstText = "";

type Draft = Pick<StoredRevision, "yaml" | "message">;

export function createLocalChanges(store: LocalStore, evaluator: LocalEvaluator): LocalChanges {
  const { files, clock, author, limits, keyring } = store;

  /** `etag` undefined: on top of whatever is the newest then. */
  async function append(id: EnvironmentId, draft: Draft, etag: string | undefined): Promise<StoredRevision> {
    for (let attempt = 0; attempt < mostAttempts; attempt++) {
      const { revision } = await files.head(id);
      if (etag !== undefined && (await files.read(id, revision)).etag !== etag) throw changedMeanwhile(id);
      const next = { ...draft, revision: revision + 1, createdAt: clock.now(), author };
      checkRevisionCount(next.revision, limits);
      if (await files.append(id, next)) return await files.read(id, next.revision);
    }
    throw changedMeanwhile(id);
  }

  async function seal(id: EnvironmentId, yaml: string): Promise<string> {
    const { revision } = await files.head(id);
    const crypter = createReusingCrypter(lazyCrypter(() => keyring.crypter(id)));
    if (keyring.has(id)) {
      await learnCiphertexts(id, revision, crypter);
      // Ciphertext that came with the new text must be this environment's own: nobody could open it later.
      await openSecrets(yaml, keyring.crypter(id));
    }
    return await sealSecrets(yaml, crypter);
  }

  /** A damaged revision must not keep anybody from writing the next. */
  async function learnCiphertexts(id: EnvironmentId, revision: number, crypter: Crypter): Promise<void> {
    try {
      await openSecrets((await files.read(id, revision)).yaml, crypter);
    } catch (thrown) {
      if (!(thrown instanceof AppError)) throw thrown;
    }
  }

  async function update(
    id: EnvironmentId,
    yaml: string,
    options: { etag?: string; message?: string },
  ): Promise<UpdateResult> {
    checkSource(yaml, limits);
    const head = await files.head(id);
    if (options.etag !== undefined && (await files.read(id, head.revision)).etag !== options.etag) {
      throw changedMeanwhile(id);
    }
    const given = await evaluator.evaluate({ id, source: yaml, mode: "check" });
    if (hasErrors(given.diagnostics) && !areAboutSecrets(given.diagnostics)) {
      return { kept: false, diagnostics: given.diagnostics };
    }
    const sealed = await seal(id, yaml);
    checkSource(sealed, limits);
    const { diagnostics } = hasErrors(given.diagnostics)
      ? await evaluator.evaluate({ id, source: sealed, mode: "check" })
      : given;
    if (hasErrors(diagnostics)) return { kept: false, diagnostics: given.diagnostics };
    const kept = await append(id, { yaml: sealed, message: trimMessage(options.message) }, options.etag);
    return { kept: true, revision: kept.revision, etag: kept.etag, diagnostics };
  }

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
        const patched = await seal(id, applyPatches(head.yaml, rotated.patches));
        const kept = await unlessConflict(append(id, { yaml: patched, message: "Rotated." }, head.etag));
        if (kept !== undefined) {
          return { kept: true, revision: kept.revision, etag: kept.etag, diagnostics: rotated.diagnostics };
        }
      }
      throw changedMeanwhile(id);
    },
  };
}

/** A secret with `${` in it is no interpolation: sealed, it is the text that it is. */
function areAboutSecrets(diagnostics: readonly EscDiagnostic[]): boolean {
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  return errors.every(({ path }) => path?.endsWith('["fn::secret"]') === true);
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

export function hasErrors(diagnostics: readonly EscDiagnostic[]): boolean {
  return diagnostics.some(({ severity }) => severity === "error");
}

async function unlessConflict<Result>(work: Promise<Result>): Promise<Result | undefined> {
  try {
    return await work;
  } catch (thrown) {
    if (isConflict(thrown)) return undefined;
    throw thrown;
  }
}

function changedMeanwhile(id: EnvironmentId): Error {
  return createConflict(
    `${formatEnvironmentId(id)} was changed by somebody else meanwhile.`,
    "Read it again, make your change on top of theirs, and update with the new ETag.",
  );
}
