import { AppError } from "../../errors/app-error.ts";
import { formatEnvironmentId } from "../backend/environment-id.ts";
import type { EnvironmentId, OpenedEnvironment } from "../backend/secret-backend.ts";
import type { EscEnvironment } from "../esc/evaluation.ts";
import { formatDiagnostics } from "../settings/format-diagnostics.ts";

/** What was opened or checked, when it has no errors. Throws AppError `invalid_input` with the first of them. */
export function requireEnvironment(id: EnvironmentId, opened: OpenedEnvironment): EscEnvironment {
  const errors = opened.diagnostics.filter(({ severity }) => severity === "error");
  if (errors.length === 0 && opened.environment !== undefined) return opened.environment;
  const name = formatEnvironmentId(id);
  throw new AppError("invalid_input", `The environment ${name} has errors.`, {
    hint: [...formatDiagnostics(errors, 5), "`secrets check` shows them in the text; `secrets edit` mends them."].join(
      "\n",
    ),
  });
}
