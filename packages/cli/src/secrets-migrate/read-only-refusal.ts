import { AppError } from "@sophia/core/errors/app-error";

export function readOnlyRefusal(): AppError {
  return new AppError("denied", "This installation is read-only: no secret is moved.", {
    hint: "Unset SOPHIA_READ_ONLY to allow changes, or look with --dry-run.",
  });
}
