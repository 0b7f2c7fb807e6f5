import { join } from "node:path";
import { replaceSecret, type Secret, unwrap } from "@sophia/core/config/secret";
import { createJobs, type Jobs } from "@sophia/core/jobs/jobs";
import { systemClock } from "@sophia/core/limits/clock";
import { type Audit, openAudit } from "@sophia/core/observe/audit";
import type { SecretBackend } from "@sophia/core/secrets/backend/secret-backend";
import { createKeyring } from "@sophia/core/secrets/backend/local/keyring";
import { createLocalBackend } from "@sophia/core/secrets/backend/local/local-backend";
import { findAdministratorPlace } from "@sophia/core/secrets/rotation/administrator-place";
import { createRotationKeys, type RotationKeys } from "@sophia/core/secrets/rotation/rotation-keys";
import type { RotationLimits, Rotations, RotationTarget } from "@sophia/core/secrets/rotation/rotation-types";
import { createRotations } from "@sophia/core/secrets/rotation/rotations";
import { readServedSecret } from "@sophia/core/secrets/rotation/served-secret";
import type { CoreTables } from "@sophia/core/store/core-tables";
import { openStore, type Store } from "@sophia/core/store/store";
import { type Logger, pino } from "pino";
import { postgresql } from "../postgresql/service.ts";
import { redis } from "../redis/service.ts";

/** A whole installation in one data directory: environments, journal, audit, and the rotation of one real service. */
export interface RotationWorld {
  backend: SecretBackend;
  store: Store<CoreTables>;
  jobs: Jobs;
  audit: Audit;
  rotations: Rotations;
  keys: RotationKeys;
  target: RotationTarget;
  /** What was logged. */
  lines: string[];
  log: Logger;
  served(): Promise<string>;
  close(): Promise<void>;
}

export interface RotationWorldOptions {
  dataDir: string;
  service: "postgresql" | "redis";
  limits?: Partial<RotationLimits>;
  /** Keeps the journal in this database instead of a file, and follows its rotation. */
  databaseUrl?: Secret;
  wrapJobs?(jobs: Jobs): Jobs;
  wrapBackend?(backend: SecretBackend): SecretBackend;
}

const variables = { postgresql: "SOPHIA_DATABASE_URL", redis: "SOPHIA_REDIS_URL" };

export const quickLimits = {
  refreshMs: 200,
  graceMs: 600,
  maximumGraceMs: 5_000,
  consumerLivesMs: 1_500,
  consumerCheckMs: 5_000,
  observeEveryMs: 100,
  retryPauseMs: 20,
};

export function targetOf(service: "postgresql" | "redis"): RotationTarget {
  const variable = variables[service];
  const environment = { project: "sophia", name: "stores-development" };
  return { environment, path: `stores.${service}.${variable}`, service, variable };
}

function openBackend(dataDir: string, keyring = createKeyring(new Uint8Array(32).fill(3))): SecretBackend {
  return createLocalBackend({ folder: join(dataDir, "secrets"), keyring, author: "test", clock: systemClock });
}

/** Makes the environments: what consumers open, and apart from it the administrator's URL. */
export async function createRotationPlace(
  dataDir: string,
  service: "postgresql" | "redis",
  urls: { current: string; administrator: string },
): Promise<void> {
  const backend = openBackend(dataDir);
  const target = targetOf(service);
  await backend.create(target.environment);
  const administrator = findAdministratorPlace(target).environment;
  await backend.create(administrator);
  const secret = (url: string) => `{ "fn::secret": "${url}" }`;
  await backend.update(
    target.environment,
    `values:\n  stores:\n    ${service}:\n      # of the store\n      ${target.variable}: ${secret(urls.current)}\n`,
  );
  await backend.update(administrator, `values:\n  ${service}:\n    administrator: ${secret(urls.administrator)}\n`);
}

export async function openRotationWorld(options: RotationWorldOptions): Promise<RotationWorld> {
  const { dataDir, service, wrapJobs, wrapBackend, databaseUrl } = options;
  const lines: string[] = [];
  const log = pino({ level: "debug" }, { write: (line: string) => void lines.push(line) });
  const backend = wrapBackend?.(openBackend(dataDir)) ?? openBackend(dataDir);
  const keys = createRotationKeys(createKeyring(new Uint8Array(32).fill(3)));
  const store = await openStore<CoreTables>({ dataDir, migrations: [], log, ...(databaseUrl && { databaseUrl }) });
  const audit = await openAudit({ directory: join(dataDir, "audit"), writer: "infra", log, clock: systemClock });
  const jobs = createJobs({ store, log, pollMs: 50, leaseMs: 60_000 });
  const target = targetOf(service);
  const rotations = createRotations({
    backend,
    store,
    jobs: wrapJobs?.(jobs) ?? jobs,
    audit,
    log,
    clock: systemClock,
    services: [postgresql, redis],
    keys,
    backupFolder: join(dataDir, "secrets", "backups"),
    server: "infra",
    ...(databaseUrl && { ownSecrets: [{ ...target, secret: databaseUrl }] }),
    limits: { ...quickLimits, ...options.limits },
  });
  jobs.start();
  return {
    backend,
    store,
    jobs,
    audit,
    rotations,
    keys,
    target,
    lines,
    log,
    served: async () => unwrap((await readServedSecret(backend, target)).value),
    async close() {
      await jobs.stop(0);
      await audit.close();
      await store.close();
    },
  };
}

/** A consumer's refresh: looks for another value and puts it behind the secret that the process holds. */
export function followServed(
  { backend, target }: Pick<RotationWorld, "backend" | "target">,
  secret: Secret,
  everyMs: number = quickLimits.refreshMs,
): { stop(): Promise<void> } {
  const stopped = new AbortController();
  const loop = (async () => {
    while (!stopped.signal.aborted) {
      const { value } = await readServedSecret(backend, target);
      if (unwrap(value) !== unwrap(secret)) replaceSecret(secret, unwrap(value));
      await systemClock.sleep(everyMs, stopped.signal).catch(() => {});
    }
  })();
  return {
    async stop() {
      stopped.abort();
      await loop;
    },
  };
}
