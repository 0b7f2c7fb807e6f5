import { unwrap } from "@sophia/core/config/secret";
import { AppError } from "@sophia/core/errors/app-error";
import { formatEnvironmentId } from "@sophia/core/secrets/backend/environment-id";
import type { EnvironmentId } from "@sophia/core/secrets/backend/secret-backend";
import type { EscEnvironment } from "@sophia/core/secrets/esc/evaluation";
import { isEscNumber } from "@sophia/core/secrets/esc/value";
import { findValue } from "../secrets/find-value.ts";
import type { MigrationStore } from "./migration-store.ts";
import type { Placement } from "./place-values.ts";

/** What the store holds at a placement's path: nothing, this very value, or another. */
export type StoreStatus = "new" | "same" | "changed";

/** The environments as they open now, by own name; undefined for one that is not there or holds nothing. */
export type OpenedEnvironments = ReadonlyMap<string, EscEnvironment | undefined>;

/** Opens each environment once. Throws what the store throws, but for an environment that is not there. */
export async function openAll(store: MigrationStore, ids: readonly EnvironmentId[]): Promise<OpenedEnvironments> {
  const opened = new Map<string, EscEnvironment | undefined>();
  for (const id of ids) {
    const key = formatEnvironmentId(id);
    if (opened.has(key)) continue;
    try {
      const { environment, diagnostics } = await store.backend.open(store.locate(id));
      const error = diagnostics.find(({ severity }) => severity === "error");
      if (environment === undefined && error !== undefined) throw notOpening(id, error.summary);
      opened.set(key, environment);
    } catch (thrown) {
      if (!(thrown instanceof AppError) || thrown.kind !== "not_found") throw thrown;
      opened.set(key, undefined);
    }
  }
  return opened;
}

/** Compares by value, in memory: what lies at the path, and what the variable of that name would be. */
export function compareWithStore(placement: Placement, opened: OpenedEnvironments): StoreStatus {
  const known = readPlaced(placement, opened);
  if (known.length === 0) return "new";
  return known.every((text) => text === unwrap(placement.value)) ? "same" : "changed";
}

/** What stands at the placement's path and as its variable; a person may list the variable alone. */
export function readPlaced(
  { environment, path, variable }: Pick<Placement, "environment" | "path" | "variable">,
  opened: OpenedEnvironments,
): string[] {
  const found = opened.get(formatEnvironmentId(environment));
  const texts = [readText(found, path), readText(found, ["environmentVariables", variable])];
  return texts.filter((text) => text !== undefined);
}

/**
 * The text of a value at keys below `values`; undefined when there is none. A number or a truth is given as its text, what
 * cannot be known or is no scalar as "".
 */
export function readText(environment: EscEnvironment | undefined, path: readonly string[]): string | undefined {
  const found = environment && findValue(environment, path);
  if (found === undefined || (found.value === null && found.unknown !== true)) return undefined;
  if (found.unknown === true) return "";
  if (typeof found.value === "string") return found.value;
  if (typeof found.value === "boolean") return String(found.value);
  return isEscNumber(found.value) ? found.value.number : "";
}

function notOpening(id: EnvironmentId, summary: string): AppError {
  return new AppError("invalid_input", `The environment ${formatEnvironmentId(id)} does not open: ${summary}.`, {
    hint: "Correct it with `secrets edit` first.",
  });
}
