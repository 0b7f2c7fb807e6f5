import { AppError } from "@sophia/core/errors/app-error";
import { isConflict } from "@sophia/core/secrets/backend/conflict";
import { formatEnvironmentId } from "@sophia/core/secrets/backend/environment-id";
import type { EnvironmentId, SecretBackend, UpdateResult } from "@sophia/core/secrets/backend/secret-backend";
import type { CommandContext } from "../commands/command-context.ts";
import { explainMissing } from "./open-backend.ts";
import { showDiagnostics } from "./show-diagnostics.ts";

/** Each try is a whole read and write: who loses that often has a busy program against him. */
const maximumTries = 5;

/** Changes the newest text, again when somebody else was faster; what the other one wrote stays. */
export async function changeText(
  backend: SecretBackend,
  id: EnvironmentId,
  change: { apply(yaml: string): string | Promise<string>; message?: string },
): Promise<UpdateResult & { yaml: string }> {
  for (let tries = 1; ; tries += 1) {
    const source = await backend.read(id).catch((thrown: unknown) => {
      throw explainMissing(thrown);
    });
    const yaml = await change.apply(source.yaml);
    try {
      const message = change.message === undefined ? {} : { message: change.message };
      return { ...(await backend.update(id, yaml, { etag: source.etag, ...message })), yaml };
    } catch (thrown) {
      if (!isConflict(thrown) || tries >= maximumTries) throw thrown;
    }
  }
}

/** Tells what came of a write, and throws AppError `invalid_input` when it was not kept. */
export function reportWrite(
  { terminal }: Pick<CommandContext, "terminal">,
  id: EnvironmentId,
  result: UpdateResult & { yaml: string },
): void {
  const environment = formatEnvironmentId(id);
  showDiagnostics(terminal, result.diagnostics, { environment, source: result.yaml });
  if (result.kept) return;
  throw new AppError("invalid_input", `${environment} was not changed: the new text has errors.`, {
    hint: "They are above, each with its place.",
  });
}
