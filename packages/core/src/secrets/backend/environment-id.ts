import { AppError } from "../../errors/app-error.ts";
import type { EnvironmentId } from "./secret-backend.ts";

const part = /^[\w.-]{1,100}$/;

/** `project/name`, as people write it. */
export function formatEnvironmentId({ project, name }: EnvironmentId): string {
  return `${project}/${name}`;
}

/** `project/name`, or a `name` in the project `default`. Throws AppError `invalid_input`. */
export function parseEnvironmentId(text: string): EnvironmentId {
  const parts = text.split("/");
  const [project = "", name = ""] = parts.length === 1 ? ["default", ...parts] : parts;
  if (parts.length <= 2 && [project, name].every((each) => part.test(each) && !/^\.+$/.test(each))) {
    return { project, name };
  }
  throw new AppError("invalid_input", "An environment is named project/name.", {
    hint: "Letters, digits, -, _ and . only; for example sophia/sophia-ai-production.",
  });
}
