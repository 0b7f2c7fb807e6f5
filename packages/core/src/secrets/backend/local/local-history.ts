import { AppError } from "../../../errors/app-error.ts";
import { formatEnvironmentId } from "../environment-id.ts";
import type { EnvironmentId, RevisionSummary, SecretBackend } from "../secret-backend.ts";
import type { EnvironmentFiles } from "./environment-files.ts";
import { checkCount, checkRevisionTag, checkTag, trimMessage } from "./local-limits.ts";
import type { LocalStore } from "./local-store.ts";

type LocalHistory = Pick<
  SecretBackend,
  "revisions" | "retract" | "tagRevision" | "untagRevision" | "setTag" | "removeTag"
>;

const defaultCount = 100;
const largestCount = 10_000;

/** What is told and noted about revisions and environments, beside their texts. */
export function createLocalHistory(store: LocalStore): LocalHistory {
  const { files, tags, revisionTags, retractions, limits, author } = store;
  const now = (): string => new Date(store.clock.now()).toISOString();

  return {
    revisions: (id, options) => listRevisions(store, id, options ?? {}),
    async retract(id, revision, { reason, replacement } = {}) {
      const folder = files.folderOf(id);
      const { revision: newest } = await files.head(id);
      if (revision >= newest) throw newestStays(id);
      await store.resolve(id, revision);
      const instead = replacement ?? (await findReplacement(store, id, revision));
      if (instead !== undefined) await store.resolve(id, instead);
      for (const [tag, note] of await revisionTags.all(folder)) {
        if (note.revision !== revision) continue;
        if (instead === undefined) await revisionTags.remove(folder, tag);
        else await revisionTags.put(folder, tag, { revision: instead, modified: now(), editor: author });
      }
      await retractions.put(folder, String(revision), {
        at: now(),
        by: author,
        reason: trimMessage(reason),
        ...(instead !== undefined && { replacement: instead }),
      });
    },
    async tagRevision(id, tag, revision) {
      checkRevisionTag(tag);
      const number = await store.resolve(id, revision);
      const folder = files.folderOf(id);
      if ((await revisionTags.find(folder, tag)) === undefined) {
        checkCount((await revisionTags.all(folder)).size, limits.tags, "revision tags");
      }
      await revisionTags.put(folder, tag, { revision: number, modified: now(), editor: author });
    },
    async untagRevision(id, tag) {
      checkRevisionTag(tag);
      await files.head(id);
      if (!(await revisionTags.remove(files.folderOf(id), tag))) throw noTag(id, tag);
    },
    async setTag(id, name, value) {
      checkTag(name, value);
      await files.head(id);
      const folder = files.folderOf(id);
      if ((await tags.find(folder, name)) === undefined) checkCount((await tags.all(folder)).size, limits.tags, "tags");
      await tags.put(folder, name, { value, modified: now(), editor: author });
    },
    async removeTag(id, name) {
      await files.head(id);
      if (!(await tags.remove(files.folderOf(id), name))) throw noTag(id, name);
    },
  };
}

async function listRevisions(
  { files, revisionTags, retractions }: LocalStore,
  id: EnvironmentId,
  options: { before?: number | undefined; limit?: number },
): Promise<RevisionSummary[]> {
  const { revision: newest } = await files.head(id);
  const folder = files.folderOf(id);
  const [tags, retracted] = await Promise.all([revisionTags.all(folder), retractions.all(folder)]);
  const last = Math.min(newest, (options.before ?? newest + 1) - 1);
  const count = Math.max(0, Math.min(options.limit ?? defaultCount, largestCount, last));
  const numbers = Array.from({ length: count }, (_, index) => last - index);
  const summaries: RevisionSummary[] = [];
  for (const revision of numbers) {
    const named = [...tags].filter(([, note]) => note.revision === revision).map(([name]) => name);
    summaries.push({
      ...(await readNote(files, id, revision)),
      revision,
      tags: revision === newest ? ["latest", ...named] : named,
      retracted: retracted.has(String(revision)),
    });
  }
  return summaries;
}

/** A damaged revision must not hide the others; reading it tells more. */
async function readNote(
  files: EnvironmentFiles,
  id: EnvironmentId,
  revision: number,
): Promise<Pick<RevisionSummary, "createdAt" | "author" | "message">> {
  try {
    const { createdAt, author, message } = await files.read(id, revision);
    return { createdAt, author, message };
  } catch (thrown) {
    if (thrown instanceof AppError && thrown.kind === "unavailable") {
      return { createdAt: 0, author: "", message: "This revision is damaged." };
    }
    throw thrown;
  }
}

/** As Pulumi Cloud has it: the newest one before it that still counts. */
async function findReplacement(store: LocalStore, id: EnvironmentId, revision: number): Promise<number | undefined> {
  const retracted = await store.retractions.all(store.files.folderOf(id));
  for (let earlier = revision - 1; earlier > 0; earlier--) if (!retracted.has(String(earlier))) return earlier;
  return undefined;
}

function newestStays(id: EnvironmentId): AppError {
  return new AppError("invalid_input", `The newest revision of ${formatEnvironmentId(id)} cannot be retracted.`, {
    hint: "Roll back first: that makes a newer one.",
  });
}

function noTag(id: EnvironmentId, tag: string): AppError {
  return new AppError("not_found", `${formatEnvironmentId(id)} has no tag ${tag.slice(0, 100)}.`, {
    hint: "List its tags first.",
  });
}
