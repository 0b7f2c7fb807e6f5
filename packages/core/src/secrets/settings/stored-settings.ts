import { formatCommand } from "../../config/command-line.ts";
import type { Secret } from "../../config/secret.ts";
import { AppError, toAppError } from "../../errors/app-error.ts";
import { unlessMissing } from "../../errors/unless-missing.ts";
import type { Clock } from "../../limits/clock.ts";
import { formatEnvironmentId } from "../backend/environment-id.ts";
import type { EnvironmentId, SecretBackend } from "../backend/secret-backend.ts";
import { formatDiagnostics } from "./format-diagnostics.ts";
import { readEnvironmentVariables } from "../esc/reserved-outputs.ts";
import type { LastGoodCopy } from "./last-good-copy.ts";

export interface StoredVariable {
  /** Wrapped even when it is no secret, so that nobody prints it by mistake before that is known. */
  value: Secret;
  isSecret: boolean;
}

/** The variables that an environment sets, as they were at `openedAt`. */
export interface StoredSettings {
  values: ReadonlyMap<string, StoredVariable>;
  /** Undefined where only opening tells whether something changed. */
  version: string | undefined;
  /** Wall clock, milliseconds. */
  openedAt: number;
  /** The store itself, or the encrypted copy of what it said last. */
  origin: "store" | "copy";
}

export interface StoredSettingsOptions {
  backend: Pick<SecretBackend, "open">;
  id: EnvironmentId;
  copy: LastGoodCopy;
  /** A copy that is older is not used. */
  maximumAgeMs: number;
  clock: Clock;
  /** Somebody named this environment: where it is missing, something is wrong. */
  isRequired?: boolean;
}

const openDeadlineMs = 10_000;

/**
 * The variables under `environmentVariables` of one environment. While the store is away they come from the last good
 * copy. An environment that does not exist sets nothing. Throws AppError `not_configured` when its text has errors,
 * `denied` when this credential may not open it, and what the store threw when there is no copy young enough.
 */
export async function openStoredSettings(options: StoredSettingsOptions): Promise<StoredSettings> {
  try {
    const opened = await openFromStore(options);
    // A token that lost its rights is told that there is no such environment: the copy of what there was stays.
    if (opened === undefined) return setsNothing(options);
    // Kept for nobody, it would only be one more place where they are.
    if (options.maximumAgeMs > 0) options.copy.write(opened);
    return opened;
  } catch (thrown) {
    if (!isAway(thrown)) throw thrown;
    return readCopy(options, toAppError(thrown));
  }
}

function setsNothing({ id, isRequired, clock }: StoredSettingsOptions): StoredSettings {
  if (isRequired !== true) return { values: new Map(), version: undefined, openedAt: clock.now(), origin: "store" };
  throw new AppError("not_configured", `There is no environment ${formatEnvironmentId(id)}, or this token sees none.`, {
    hint: `Make it with \`${formatCommand("secrets init")}\`, or give the server an access token that may open it.`,
  });
}

/** The store did not answer; it did not say no. */
export function isAway(thrown: unknown): boolean {
  const { kind } = toAppError(thrown);
  return kind === "unavailable" || kind === "timeout" || kind === "upstream" || kind === "rate_limited";
}

async function openFromStore({ backend, id, clock }: StoredSettingsOptions): Promise<StoredSettings | undefined> {
  const openedAt = clock.now();
  const opened = await unlessMissing(backend.open(id, { signal: AbortSignal.timeout(openDeadlineMs) }));
  if (opened === undefined) return undefined;
  const errors = opened.diagnostics.filter(({ severity }) => severity === "error");
  if (errors.length > 0 || opened.environment === undefined) {
    throw new AppError("not_configured", `The environment ${formatEnvironmentId(id)} has errors.`, {
      hint: formatDiagnostics(errors, 5).join("\n"),
    });
  }
  const variables = readEnvironmentVariables(opened.environment);
  const values = new Map(variables.map(({ name, value, secret }) => [name, { value, isSecret: secret }]));
  return { values, version: opened.version, openedAt, origin: "store" };
}

function readCopy({ copy, maximumAgeMs, clock, id }: StoredSettingsOptions, error: AppError): Promise<StoredSettings> {
  return copy.read().then((kept) => {
    if (kept === undefined) throw error;
    const ageMs = clock.now() - kept.openedAt;
    if (ageMs <= maximumAgeMs) return kept;
    throw new AppError("unavailable", `The secret store is away, and the copy of ${formatEnvironmentId(id)} is old.`, {
      hint: `It is from ${new Date(kept.openedAt).toISOString()}; SOPHIA_SECRETS_MAX_AGE_HOURS says how old it may be.`,
      cause: error,
    });
  });
}
