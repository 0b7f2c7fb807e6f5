import type { EscDiagnostic } from "../../esc/evaluation.ts";
import { hasErrors } from "../../inspect/has-errors.ts";
import { createConflict } from "../conflict.ts";
import { formatEnvironmentId } from "../environment-id.ts";
import type { EnvironmentId, UpdateOptions, UpdateResult } from "../secret-backend.ts";
import type { LocalEvaluator } from "./local-evaluation.ts";
import { checkRevisionCount, checkSource, trimMessage } from "./local-limits.ts";
import type { LocalStore } from "./local-store.ts";
import type { StoredRevision } from "./revision-file.ts";
import { sealRevision } from "./seal-revision.ts";

/** The text of a new revision, secrets sealed. */
export type RevisionDraft = Pick<StoredRevision, "yaml" | "message">;

export interface LocalWriter {
  /** `etag` undefined: on top of whatever is the newest then. Throws a conflict. */
  append(id: EnvironmentId, draft: RevisionDraft, etag: string | undefined): Promise<StoredRevision>;
  update(id: EnvironmentId, yaml: string, options: UpdateOptions): Promise<UpdateResult>;
}

/** Writers without an ETag go on after each other; so many lost races mean that something else is wrong. */
export const mostAttempts = 50;

export function createLocalWriter(store: LocalStore, evaluator: LocalEvaluator): LocalWriter {
  const { files, clock, author, limits } = store;

  async function append(id: EnvironmentId, draft: RevisionDraft, etag: string | undefined): Promise<StoredRevision> {
    for (let attempt = 0; attempt < mostAttempts; attempt++) {
      const { revision } = await files.head(id);
      if (etag !== undefined && (await files.read(id, revision)).etag !== etag) throw changedMeanwhile(id);
      const next = { ...draft, revision: revision + 1, createdAt: clock.now(), author };
      checkRevisionCount(next.revision, limits);
      if (await files.append(id, next)) return await files.read(id, next.revision);
    }
    throw changedMeanwhile(id);
  }

  async function update(id: EnvironmentId, yaml: string, options: UpdateOptions): Promise<UpdateResult> {
    checkSource(yaml, limits);
    const head = await files.head(id);
    if (options.etag !== undefined && (await files.read(id, head.revision)).etag !== options.etag) {
      throw changedMeanwhile(id);
    }
    const given = await evaluator.evaluate({ id, source: yaml, mode: "check" });
    if (hasErrors(given.diagnostics) && !areAboutSecrets(given.diagnostics)) {
      return { kept: false, diagnostics: given.diagnostics };
    }
    const sealed = await sealRevision(store, id, yaml);
    checkSource(sealed, limits);
    const { diagnostics } = hasErrors(given.diagnostics)
      ? await evaluator.evaluate({ id, source: sealed, mode: "check" })
      : given;
    if (hasErrors(diagnostics)) return { kept: false, diagnostics: given.diagnostics };
    const kept = await append(id, { yaml: sealed, message: trimMessage(options.message) }, options.etag);
    return { kept: true, revision: kept.revision, etag: kept.etag, diagnostics };
  }

  return { append, update };
}

/** A secret with `${` in it is no interpolation: sealed, it is the text that it is. */
function areAboutSecrets(diagnostics: readonly EscDiagnostic[]): boolean {
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  return errors.every(({ path }) => path?.endsWith('["fn::secret"]') === true);
}

export function changedMeanwhile(id: EnvironmentId): Error {
  return createConflict(
    `${formatEnvironmentId(id)} was changed by somebody else meanwhile.`,
    "Read it again, make your change on top of theirs, and update with the new ETag.",
  );
}
