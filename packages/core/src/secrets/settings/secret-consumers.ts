import { hostname } from "node:os";
import type { Logger } from "pino";
import { Secret } from "../../config/secret.ts";
import type { SecretUse } from "../../config/secret-use.ts";
import type { Clock } from "../../limits/clock.ts";
import type { CoreTables } from "../../store/core-tables.ts";
import type { Store } from "../../store/store.ts";
import type { EnvironmentId } from "../backend/secret-backend.ts";
import { createRotationKeys } from "../rotation/rotation-keys.ts";
import { SecretReports } from "../rotation/secret-reports.ts";
import type { Stage } from "./group-environments.ts";
import type { OpenCloud, SecretStore } from "./secret-store.ts";

/** Where a variable's value stands, as far as a server has to know it. */
export interface SecretPlace {
  variable: string;
  /** Below `values`. */
  path: string;
  environment(stage: Stage): EnvironmentId;
  /** Uses a value as this server does. Throws when it does not work. */
  probe?(value: Secret, signal: AbortSignal): Promise<void>;
}

/** What a server's `main.ts` brings along, because core knows no vendor. */
export interface ServerSecrets {
  openCloud: OpenCloud;
  places: readonly SecretPlace[];
}

/** Tells the reports how calls with a secret went; before there are any, nobody. */
export class SecretUses {
  #reports: SecretReports | undefined;

  of(secret: Secret | undefined): SecretUse {
    return (used, accepted) => secret && this.#reports?.note(secret, accepted, used);
  }

  tell(reports: SecretReports): void {
    this.#reports = reports;
  }
}

interface ConsumerOptions {
  server: string;
  stage: Stage;
  places: readonly SecretPlace[];
  secrets: Pick<SecretStore, "keyring" | "locate">;
  /** The parsed settings in use, by variable. */
  inUse: Readonly<Record<string, unknown>>;
  /** Of those that came from the store. */
  isStored(variable: string): boolean;
  store: Store<CoreTables>;
  clock: Clock;
  log: Logger;
  everyMs: number;
}

/** This process as a consumer of the stored secrets it holds: a rotation waits for it, and hears of its failures. */
export function createSecretReports(options: ConsumerOptions): SecretReports {
  const { server, stage, places, secrets, inUse, isStored, store, clock, log, everyMs } = options;
  const reports = new SecretReports({
    store,
    keys: createRotationKeys(secrets.keyring),
    process: `${server}@${hostname()}#${process.pid}`,
    clock,
    log,
    everyMs,
  });
  for (const { variable, path, environment, probe } of places) {
    const secret = inUse[variable];
    if (!(secret instanceof Secret) || !isStored(variable)) continue;
    reports.watch({ secret, path, environment: secrets.locate(environment(stage)), ...(probe && { probe }) });
  }
  return reports;
}
