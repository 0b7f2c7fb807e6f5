import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { makeFolder } from "../../config/make-folder.ts";
import { hasErrorCode, toFileError } from "../../config/start-errors.ts";
import { AppError } from "../../errors/app-error.ts";
import type { Clock } from "../../limits/clock.ts";
import { formatEnvironmentId, parseEnvironmentId } from "../backend/environment-id.ts";
import type { EnvironmentId, SecretBackend } from "../backend/secret-backend.ts";
import type { RotationKeys } from "./rotation-keys.ts";
import type { BackupSummary } from "./rotation-types.ts";

/** Copies of environments, whole and sealed: they outlive the backend that they were taken from. */
export interface Backups {
  take(environment: EnvironmentId, reason: string): Promise<BackupSummary>;
  list(environment?: EnvironmentId): BackupSummary[];
  /** The text with its secrets in the clear. Throws AppError `not_found` or `denied`. */
  open(id: string): Promise<{ backup: BackupSummary; yaml: string }>;
}

const Content = z.object({
  version: z.literal(1),
  id: z.string(),
  environment: z.string(),
  revision: z.int(),
  createdAt: z.number(),
  reason: z.string(),
  sealed: z.string(),
});

const keptOfEach = 100;
const extension = ".json";

export function createBackups(options: {
  folder: string;
  backend: SecretBackend;
  keys: RotationKeys;
  clock: Clock;
}): Backups {
  const { folder, backend, keys, clock } = options;

  function list(environment?: EnvironmentId): BackupSummary[] {
    const wanted = environment && formatEnvironmentId(environment);
    return readNames(folder)
      .flatMap((name) => readOne(join(folder, name)))
      .filter((content) => wanted === undefined || content.environment === wanted)
      .map(toSummary)
      .toSorted((a, b) => b.createdAt - a.createdAt || b.id.localeCompare(a.id));
  }

  return {
    list,
    async take(environment, reason) {
      // The backend's ciphertext would be worth nothing without the backend.
      const { yaml, revision } = await backend.read(environment, { decrypt: true });
      const createdAt = clock.now();
      const id = `bak_${createdAt.toString(36)}_${randomBytes(6).toString("hex")}`;
      const sealed = await keys.seal(environment, yaml);
      const content = {
        version: 1 as const,
        id,
        environment: formatEnvironmentId(environment),
        revision,
        createdAt,
        reason,
        sealed,
      };
      write(join(folder, id + extension), folder, JSON.stringify(content));
      // By the order of revisions: after a clock was set back the newest copy looks like the oldest.
      const others = list(environment).filter((each) => each.id !== id);
      const oldest = others.toSorted((a, b) => b.revision - a.revision || b.createdAt - a.createdAt);
      for (const old of oldest.slice(keptOfEach - 1)) rmSync(join(folder, old.id + extension), { force: true });
      return toSummary(content);
    },
    async open(id) {
      if (!/^bak_\w+$/.test(id) || !readNames(folder).includes(id + extension)) {
        throw new AppError("not_found", "There is no such backup.", { hint: "List the backups to see their ids." });
      }
      const content = readFile(join(folder, id + extension));
      const backup = toSummary(content);
      return { backup, yaml: await keys.unseal(backup.environment, content.sealed) };
    },
  };
}

/** A copy that cannot be read must not keep others from being made or found; to open it is refused. */
function readOne(path: string): z.output<typeof Content>[] {
  try {
    return [readFile(path)];
  } catch {
    return [];
  }
}

function toSummary({ id, environment, revision, createdAt, reason }: z.output<typeof Content>): BackupSummary {
  return { id, environment: parseEnvironmentId(environment), revision, createdAt, reason };
}

function readNames(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => name.startsWith("bak_") && name.endsWith(extension));
  } catch (thrown) {
    if (hasErrorCode(thrown, "ENOENT")) return [];
    throw toFileError(thrown, folder);
  }
}

function readFile(path: string): z.output<typeof Content> {
  try {
    return Content.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch (cause) {
    throw new AppError("unavailable", `The backup ${path} cannot be read.`, {
      hint: "Move the file away; the other backups are not affected.",
      cause,
      retryable: false,
    });
  }
}

function write(path: string, folder: string, text: string): void {
  try {
    makeFolder(folder);
    writeFileSync(`${path}.draft`, text, { mode: 0o600, flag: "wx", flush: true });
    renameSync(`${path}.draft`, path);
  } catch (thrown) {
    throw toFileError(thrown, path);
  }
}
