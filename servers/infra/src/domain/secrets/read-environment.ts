import { AppError, toAppError } from "@sophia/core/errors/app-error";
import { formatEnvironmentId } from "@sophia/core/secrets/backend/environment-id";
import type { EnvironmentId, EnvironmentSource, OpenedEnvironment } from "@sophia/core/secrets/backend/secret-backend";
import type { EscEnvironment } from "@sophia/core/secrets/esc/evaluation";
import { hasErrors } from "@sophia/core/secrets/inspect/has-errors";
import type { SecretDesk } from "./secret-desk.ts";

export interface ReadEnvironment extends EnvironmentSource {
  checked: OpenedEnvironment;
}

/** The newest or another revision and what checking says of it; nothing is opened. Throws AppError `not_found`. */
export async function readEnvironment(
  { backend }: SecretDesk,
  id: EnvironmentId,
  revision?: number | string,
): Promise<ReadEnvironment> {
  try {
    const source = await backend.read(id, { revision });
    const checked = await backend.check(revision === undefined ? id : { yaml: source.yaml });
    return { ...source, checked };
  } catch (thrown) {
    if (toAppError(thrown).kind !== "not_found") throw thrown;
    throw new AppError("not_found", toAppError(thrown).message, {
      hint: "list_environments shows the environments; their revisions are in describe_environment.",
      cause: thrown,
    });
  }
}

/** What the environment comes to: opened where this server's key can, else as far as checking tells. */
export async function openOrCheck(
  desk: SecretDesk,
  id: EnvironmentId,
  { revision, signal }: { revision?: number | string | undefined; signal: AbortSignal },
): Promise<{ environment: EscEnvironment; isOpen: boolean; note?: string }> {
  const { checked } = await readEnvironment(desk, id, revision);
  try {
    const opened = await desk.backend.open(id, { revision, signal });
    const { environment, diagnostics } = opened;
    if (environment !== undefined && !hasErrors(diagnostics)) return { environment, isOpen: true };
  } catch (thrown) {
    if (signal.aborted || toAppError(thrown).kind === "unavailable") throw thrown;
  }
  const name = formatEnvironmentId(id);
  if (checked.environment === undefined) {
    throw new AppError("invalid_input", `${name} has errors and comes to nothing.`, {
      hint: "check_environment tells where.",
    });
  }
  return {
    environment: checked.environment,
    isOpen: false,
    note: `${name} was not opened: this server's key does not open it, or it has errors. Its secrets are not compared.`,
  };
}
