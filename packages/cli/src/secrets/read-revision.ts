import type { EnvironmentSource, OpenedEnvironment, SecretBackend } from "@sophia/core/secrets/backend/secret-backend";
import { hasErrors } from "@sophia/core/secrets/inspect/has-errors";
import type { EnvironmentName } from "./environment-name.ts";
import { explainMissing } from "./open-backend.ts";
import { openNamed } from "./open-environment.ts";

export interface CheckedRevision extends EnvironmentSource {
  checked: OpenedEnvironment;
}

/** One revision's text and what it comes to without opening anything; with `decrypt` static secrets are in the clear. */
export async function readRevision(
  backend: SecretBackend,
  { id, revision }: EnvironmentName,
  { decrypt }: { decrypt: boolean },
): Promise<CheckedRevision> {
  const source = await explainMissing(backend.read(id, { revision, decrypt }));
  // By its name where that is possible: then positions and ${context.…} tell the environment's own.
  const stored = revision === undefined && !decrypt;
  const checked = await explainMissing(backend.check(stored ? id : { yaml: source.yaml }));
  // In the clear, a secret with `${` in it reads like an interpolation.
  const isMisread = decrypt && hasErrors(checked.diagnostics);
  return { ...source, checked: isMisread ? await openNamed(backend, { id, revision }) : checked };
}
