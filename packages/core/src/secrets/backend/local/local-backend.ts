import { AppError } from "../../../errors/app-error.ts";
import type { EvaluationRequest, LocalEvaluation, LocalEvaluator, ProviderSet } from "./local-evaluation.ts";
import { createLocalEvaluator, digestClosure } from "./local-evaluation.ts";
import { openSecrets } from "../../esc/open-secrets.ts";
import { formatEnvironmentId } from "../environment-id.ts";
import type {
  EnvironmentId,
  EnvironmentSummary,
  ListQuery,
  OpenedEnvironment,
  Page,
  SecretBackend,
} from "../secret-backend.ts";
import { type ClosureVersions, createClosureVersions } from "./closure-versions.ts";
import type { DeletedEnvironment } from "./deleted-environments.ts";
import { emptyEnvironment } from "./empty-environment.ts";
import { createLocalChanges } from "./local-changes.ts";
import { createLocalHistory } from "./local-history.ts";
import { checkSource } from "./local-limits.ts";
import { hasErrors } from "../../inspect/has-errors.ts";
import { createLocalStore, type LocalStore, type LocalStoreOptions } from "./local-store.ts";

export interface LocalBackendOptions extends LocalStoreOptions {
  providers?: ProviderSet;
}

export interface LocalBackend extends SecretBackend {
  /** Deleted within the last 30 days, newest first. */
  listDeleted(): Promise<readonly DeletedEnvironment[]>;
  /** Puts back what was deleted last under this name. Throws `not_found`, or `invalid_input` when the name is taken. */
  restore(id: EnvironmentId): Promise<EnvironmentSummary>;
}

const defaultPage = 100;
const largestPage = 1_000;

/**
 * Environments as files below `folder`: texts a person can read, compare and back up, secrets as ciphertext under keys
 * of `keyring`. Several processes may use the folder at once.
 */
export function createLocalBackend(options: LocalBackendOptions): LocalBackend {
  const store = createLocalStore(options);
  const evaluator = createLocalEvaluator(store, options.providers ?? {});
  const changes = createLocalChanges(store, evaluator);
  const { files, keyring, deleted } = store;
  const get = (id: EnvironmentId): Promise<EnvironmentSummary> => summarise(store, id);
  const opening = createOpening(store, evaluator);

  return {
    kind: "local",
    location: options.folder,
    get,
    list: (query) => listPage(store, query ?? {}),
    async create(id, { message } = {}) {
      await changes.create(id, message);
      return await get(id);
    },
    async clone(id, to) {
      await changes.clone(id, to);
      return await get(to);
    },
    delete: (id) => deleted.add(id),
    async read(id, { revision, decrypt } = {}) {
      const stored = await files.read(id, await store.resolve(id, revision));
      const yaml = decrypt === true ? await openSecrets(stored.yaml, keyring.crypter(id)) : stored.yaml;
      return { yaml, etag: stored.etag, revision: stored.revision };
    },
    update: (id, yaml, settings) => changes.update(id, yaml, settings ?? {}),
    rollback: (id, revision, { message } = {}) => changes.rollback(id, revision, message),
    rotate: (id, paths) => changes.rotate(id, paths),
    ...opening,
    ...createLocalHistory(store),
    listDeleted: () => deleted.list(),
    async restore(id) {
      if (!(await deleted.restore(id))) throw nameTaken(id);
      return await get(id);
    },
  };
}

type Opening = Pick<SecretBackend, "check" | "open" | "openYaml" | "version">;

function createOpening(store: LocalStore, evaluator: LocalEvaluator): Opening {
  const { files, keyring } = store;
  const versions: ClosureVersions = createClosureVersions({
    stampOf: (reference) => evaluator.stampOf(reference),
    async find(id) {
      const { revision, stamp } = await files.head(id);
      const { yaml } = await files.read(id, revision);
      return { root: stamp, closure: (await evaluator.evaluate({ id, source: yaml, mode: "check" })).closure };
    },
  });

  async function run(request: EvaluationRequest, at?: { revision: number; stamp: string }): Promise<OpenedEnvironment> {
    checkSource(request.source, store.limits);
    const evaluated = await evaluator.evaluate(request);
    if (request.mode === "open" && evaluated.failure !== undefined) throw evaluated.failure;
    return {
      ...toOpened(evaluated),
      revision: at?.revision ?? 0,
      version: digestClosure(at?.stamp ?? "", evaluated.closure),
    };
  }

  return {
    version: (id) => versions.current(id),
    openYaml: (source, { signal } = {}) => run({ id: undefined, source, mode: "open", signal }),
    async check(subject) {
      if ("yaml" in subject) return await run({ id: undefined, source: subject.yaml, mode: "check" });
      const { revision, stamp } = await files.head(subject);
      const { yaml } = await files.read(subject, revision);
      return await run({ id: subject, source: yaml, mode: "check" }, { revision, stamp });
    },
    async open(id, { revision, signal } = {}) {
      const number = await store.resolve(id, revision);
      const stamp = await files.stampOf(id, number);
      keyring.crypter(id);
      const { yaml } = await files.read(id, number);
      const evaluated = await evaluator.evaluate({ id, source: yaml, mode: "open", signal });
      if (evaluated.failure !== undefined) throw evaluated.failure;
      const isNewest = revision === undefined || revision === "latest";
      const version = isNewest
        ? versions.remember(id, stamp, evaluated.closure)
        : digestClosure(stamp, evaluated.closure);
      return { ...toOpened(evaluated), revision: number, version };
    },
  };
}

function toOpened({
  environment,
  diagnostics,
}: LocalEvaluation): Pick<OpenedEnvironment, "environment" | "diagnostics"> {
  return { environment: hasErrors(diagnostics) ? undefined : (environment ?? emptyEnvironment()), diagnostics };
}

async function summarise({ files, tags }: LocalStore, id: EnvironmentId): Promise<EnvironmentSummary> {
  const { revision } = await files.head(id);
  const [createdAt, newest, notes] = await Promise.all([
    files.createdAt(id),
    files.read(id, revision),
    tags.all(files.folderOf(id)),
  ]);
  return {
    ...id,
    createdAt,
    modifiedAt: newest.createdAt,
    revision,
    tags: Object.fromEntries([...notes].map(([name, { value }]) => [name, value])),
  };
}

async function listPage(store: LocalStore, query: ListQuery): Promise<Page<EnvironmentSummary>> {
  const limit = Math.max(1, Math.min(query.limit ?? defaultPage, largestPage));
  const all = (await store.files.list(query.project)).sort((one, other) => compare(nameOf(one), nameOf(other)));
  const from = query.cursor ?? "";
  const rest = from === "" ? all : all.filter((id) => compare(nameOf(id), from) > 0);
  const page = rest.slice(0, limit);
  const last = page.at(-1);
  const items = await Promise.all(page.map((id) => summariseIfSound(store, id)));
  return {
    items: items.flatMap((item) => item ?? []),
    nextCursor: rest.length > page.length && last !== undefined ? nameOf(last) : undefined,
  };
}

/** One that is being deleted is left out; one that is damaged must not hide the others, and is told when it is read. */
async function summariseIfSound(store: LocalStore, id: EnvironmentId): Promise<EnvironmentSummary | undefined> {
  try {
    return await summarise(store, id);
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown;
    if (thrown.kind === "not_found") return undefined;
    return { ...id, createdAt: 0, modifiedAt: 0, revision: 0, tags: {} };
  }
}

function nameOf(id: EnvironmentId): string {
  return formatEnvironmentId(id);
}

function compare(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}

function nameTaken(id: EnvironmentId): AppError {
  return new AppError("invalid_input", `The name ${formatEnvironmentId(id)} is taken by another environment.`, {
    hint: "Move that one first: clone it under another name and delete it.",
  });
}
