import type { Logger } from "pino";
import { replaceSecret, Secret, unwrap } from "../../config/secret.ts";
import { toAppError } from "../../errors/app-error.ts";
import type { Clock } from "../../limits/clock.ts";
import type { HealthCheck } from "../../observe/health.ts";
import { isAway, type StoredSettings } from "./stored-settings.ts";

export interface SettingsRefreshOptions {
  /** What the process started with. */
  opened: StoredSettings;
  /** Asked each time; undefined means that only `reopen` tells. */
  version(): Promise<string | undefined>;
  reopen(): Promise<StoredSettings>;
  /** Checks new values as at a start. Throws when they would not have been accepted. */
  accept(values: StoredSettings["values"]): Record<string, unknown>;
  /** The parsed settings in use, by variable. */
  inUse: Readonly<Record<string, unknown>>;
  /** The process environment sets these: they win over the store. */
  isOverridden(variable: string): boolean;
  intervalMs: number;
  clock: Clock;
  log: Logger;
}

/** What `fn::open` reads from elsewhere changes no text of ours: every tenth look opens all the same. */
const looksPerOpening = 10;

/** Looks for changed secrets and puts them behind the `Secret` objects that the whole process already holds. */
export class SettingsRefresh {
  readonly #options: SettingsRefreshOptions;
  readonly #stopped = new AbortController();
  readonly #toldOf = new Set<string>();
  #settings: StoredSettings;
  #running: Promise<void> | undefined;
  #unchangedLooks = 0;
  #failure: string | undefined;
  #onReplaced: ((variables: readonly string[]) => Promise<void>) | undefined;
  #loop: Promise<void> | undefined;

  constructor(options: SettingsRefreshOptions) {
    this.#options = options;
    this.#settings = options.opened;
  }

  /** `onReplaced` hears the names of the variables whose value is another since now. */
  start(onReplaced: (variables: readonly string[]) => Promise<void>): void {
    this.#onReplaced = onReplaced;
    this.#loop ??= this.#run();
  }

  async close(): Promise<void> {
    this.#stopped.abort();
    await Promise.all([this.#loop, this.#running]);
  }

  /** Looks now; several askers share one look. Never throws: what went wrong is in the log and in the health check. */
  refresh(): Promise<void> {
    this.#running ??= this.#refresh().finally(() => (this.#running = undefined));
    return this.#running;
  }

  /** Never required: a server with the secrets of an hour ago is better than none. */
  readonly check: HealthCheck = {
    name: "secrets",
    required: false,
    check: async () => {
      const { values, openedAt, origin } = this.#settings;
      const since = new Date(openedAt).toISOString();
      if (origin === "copy") return { ok: false, detail: `from the copy of ${since}: the secret store is away` };
      if (this.#failure !== undefined) return { ok: false, detail: `as of ${since}: ${this.#failure}` };
      const waiting = this.#toldOf.size === 0 ? "" : `; a restart is needed for ${[...this.#toldOf].join(", ")}`;
      return { ok: true, detail: `${values.size} from the store as of ${since}${waiting}` };
    },
  };

  async #run(): Promise<void> {
    const { clock, intervalMs } = this.#options;
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      try {
        await clock.sleep(intervalMs, signal);
      } catch {
        return;
      }
      await this.refresh();
    }
  }

  async #refresh(): Promise<void> {
    const { log } = this.#options;
    try {
      if (await this.#isUnchanged()) {
        this.#failure = undefined;
        return;
      }
      const fresh = await this.#options.reopen();
      if (fresh.origin === "copy") {
        this.#fail("the secret store is away");
        return;
      }
      const replaced = this.#apply(fresh);
      this.#settings = fresh;
      this.#failure = undefined;
      if (replaced.length === 0) return;
      log.info({ variables: replaced }, "Took changed secrets from the store.");
      await this.#onReplaced?.(replaced);
    } catch (thrown) {
      const { message } = toAppError(thrown);
      this.#fail(isAway(thrown) ? `the secret store is away: ${message}` : message, thrown);
    }
  }

  async #isUnchanged(): Promise<boolean> {
    if (this.#settings.origin === "copy") return false;
    const version = await this.#options.version();
    this.#unchangedLooks = version === this.#settings.version ? this.#unchangedLooks + 1 : 0;
    return version !== undefined && this.#unchangedLooks % looksPerOpening > 0;
  }

  /** Names of the variables whose value is another now. */
  #apply({ values }: StoredSettings): string[] {
    const { inUse, accept, isOverridden } = this.#options;
    const parsed = accept(values);
    const names = [...new Set([...values.keys(), ...this.#settings.values.keys()])].filter(
      (name) => name in parsed || name in inUse,
    );
    const replaced: string[] = [];
    for (const name of names.filter((each) => !isOverridden(each))) {
      const [next, current] = [parsed[name], inUse[name]];
      if (next instanceof Secret && current instanceof Secret) {
        if (unwrap(next) === unwrap(current)) continue;
        replaceSecret(current, unwrap(next));
        replaced.push(name);
      } else if (JSON.stringify(next) !== JSON.stringify(current)) this.#tellOf(name);
    }
    return replaced;
  }

  /** What a service is built from at start (whether it has a key at all, a plain setting) stays until the next start. */
  #tellOf(name: string): void {
    if (this.#toldOf.has(name)) return;
    this.#toldOf.add(name);
    this.#options.log.warn({ variable: name }, "This setting changed in the store and is used after a restart.");
  }

  #fail(reason: string, thrown?: unknown): void {
    if (this.#failure !== reason) this.#options.log.warn({ err: thrown }, `Secrets could not be refreshed: ${reason}`);
    this.#failure = reason;
  }
}
