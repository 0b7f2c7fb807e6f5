import { AppError } from "@sophia/core/errors/app-error";
import type { PropertyPath } from "@sophia/core/secrets/esc/property-path";

/** Where a path of a value stands in the definition: below `values`, or below `imports` as it is. */
export function toDocumentPath(path: PropertyPath): PropertyPath {
  if (path.length === 0) {
    throw new AppError("invalid_input", "A path names at least one key.", { hint: "For example: database.password" });
  }
  return path[0] === "imports" ? path : ["values", ...path];
}
