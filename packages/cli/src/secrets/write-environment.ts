import { AppError } from "@sophia/core/errors/app-error";
import { formatEnvironmentId } from "@sophia/core/secrets/backend/environment-id";
import type { EnvironmentId, SecretBackend, UpdateResult } from "@sophia/core/secrets/backend/secret-backend";
import { retryConflicts } from "@sophia/core/secrets/backend/retry-conflicts";
import type { CommandContext } from "../commands/command-context.ts";
import { explainMissing } from "./open-backend.ts";
import { showDiagnostics } from "./show-diagnostics.ts";

export type KeptUpdate = Extract<UpdateResult, { kept: true }>;

/** Changes the newest text, again when somebody else was faster; what the other one wrote stays. */
export async function changeText(
  backend: SecretBackend,
  id: EnvironmentId,
  change: { apply(yaml: string): string | Promise<string>; message?: string },
): Promise<UpdateResult & { yaml: string }> {
  return await retryConflicts(async () => {
    const source = await explainMissing(backend.read(id));
    const yaml = await change.apply(source.yaml);
    return { ...(await backend.update(id, yaml, { etag: source.etag, message: change.message })), yaml };
  });
}

/** For the audit. */
export function describeWrite({ kept }: UpdateResult): string {
  return kept ? "ok" : "invalid_input";
}

/** Tells what came of a write, and throws AppError `invalid_input` when it was not kept. */
export function reportWrite(
  { terminal }: Pick<CommandContext, "terminal">,
  id: EnvironmentId,
  result: UpdateResult & { yaml: string },
): KeptUpdate {
  const environment = formatEnvironmentId(id);
  showDiagnostics(terminal, result.diagnostics, { environment, source: result.yaml });
  if (result.kept) return result;
  throw new AppError("invalid_input", `${environment} was not changed: the new text has errors.`, {
    hint: "They are above, each with its place.",
  });
}
