import { parse } from "yaml";
import { AppError } from "../../../errors/app-error.ts";
import { createConflict } from "../../backend/conflict.ts";
import { formatEnvironmentId } from "../../backend/environment-id.ts";
import type { EnvironmentId, RevisionSummary, SecretBackend } from "../../backend/secret-backend.ts";
import type { EscEnvironment } from "../../esc/evaluation.ts";
import type { EscValue } from "../../esc/value.ts";

/** Enough of a backend for tests of rotation, with switches for what goes wrong. Keeps secrets in the clear. */
export interface MemoryBackend extends SecretBackend {
  readonly revisionsOf: (id: EnvironmentId) => readonly string[];
  /** Called before each update; throws or writes in between. */
  beforeUpdate?: ((id: EnvironmentId) => Promise<void> | void) | undefined;
  beforeRead?: ((id: EnvironmentId) => Promise<void> | void) | undefined;
}

export function createMemoryBackend(): MemoryBackend {
  const texts = new Map<string, string[]>();
  const tags = new Map<string, Map<string, number>>();
  const unused = (): never => {
    throw new AppError("internal", "This backend is for tests of rotation only.");
  };
  const textsOf = (id: EnvironmentId): string[] => {
    const found = texts.get(formatEnvironmentId(id));
    if (!found) throw new AppError("not_found", "There is no such environment.");
    return found;
  };
  const resolve = (id: EnvironmentId, revision: number | string | undefined): number => {
    if (typeof revision === "number") return revision;
    if (revision === undefined || revision === "latest") return textsOf(id).length;
    return tags.get(formatEnvironmentId(id))?.get(revision) ?? 0;
  };
  const summary = (id: EnvironmentId) => ({
    ...id,
    createdAt: 0,
    modifiedAt: 0,
    revision: textsOf(id).length,
    tags: {},
  });

  const backend: MemoryBackend = {
    kind: "local",
    location: "memory",
    revisionsOf: textsOf,
    list: async () => ({
      items: [...texts.keys()].map((name) =>
        summary({ project: name.split("/")[0] ?? "", name: name.split("/")[1] ?? "" }),
      ),
      nextCursor: undefined,
    }),
    get: async (id) => summary(id),
    async create(id) {
      texts.set(formatEnvironmentId(id), ["values: {}\n"]);
      return summary(id);
    },
    clone: unused,
    delete: unused,
    async read(id, { revision } = {}) {
      await backend.beforeRead?.(id);
      const number = resolve(id, revision);
      return { yaml: textsOf(id)[number - 1] ?? "", etag: String(number), revision: number };
    },
    async update(id, yaml, { etag } = {}) {
      await backend.beforeUpdate?.(id);
      const found = textsOf(id);
      if (etag !== undefined && etag !== String(found.length))
        throw createConflict("Somebody else wrote.", "Read again.");
      found.push(yaml);
      return { kept: true, revision: found.length, etag: String(found.length), diagnostics: [] };
    },
    async rollback(id, revision) {
      return await backend.update(id, textsOf(id)[resolve(id, revision) - 1] ?? "");
    },
    check: unused,
    async open(id, { revision } = {}) {
      const number = resolve(id, revision);
      const values = (parse(textsOf(id)[number - 1] ?? "") as { values?: Record<string, unknown> }).values ?? {};
      const environment = { properties: toValue(values).value } as unknown as EscEnvironment;
      return { environment, diagnostics: [], revision: number, version: String(number) };
    },
    openYaml: unused,
    version: async (id) => String(textsOf(id).length),
    rotate: unused,
    revisions: async (id) =>
      textsOf(id)
        .map((_, index) => describe(index + 1))
        .toReversed(),
    retract: unused,
    async tagRevision(id, tag, revision) {
      const known = tags.get(formatEnvironmentId(id)) ?? new Map<string, number>();
      tags.set(formatEnvironmentId(id), known.set(tag, revision));
    },
    untagRevision: unused,
    setTag: unused,
    removeTag: unused,
  };
  return backend;
}

function describe(revision: number): RevisionSummary {
  return { revision, createdAt: 0, author: "test", message: "", tags: [], retracted: false };
}

function toValue(plain: unknown): EscValue {
  const trace = {} as EscValue["trace"];
  if (typeof plain !== "object" || plain === null) return { value: plain as EscValue["value"], trace };
  if ("fn::secret" in plain) return { value: plain["fn::secret"] as string, secret: true, trace };
  return { value: new Map(Object.entries(plain).map(([key, value]) => [key, toValue(value)])), trace };
}
