import { AppError } from "@sophia/core/errors/app-error";
import { quoteDotenv } from "./quote-dotenv.ts";
import { quoteShell } from "./quote-shell.ts";

const variableName = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Lines that a shell or a dotenv reader takes as exactly these variables, whatever their values are. Throws AppError `invalid_input`. */
export function formatVariables(
  variables: readonly (readonly [name: string, value: string])[],
  format: "dotenv" | "shell",
): string {
  const lines = variables.map(([name, value]) => {
    // A name is written without quotes: any other character could be a command.
    if (!variableName.test(name)) throw refuseName(name);
    return format === "shell" ? `export ${name}=${quoteShell(name, value)}` : `${name}=${quoteDotenv(name, value)}`;
  });
  return lines.join("\n");
}

function refuseName(name: string): AppError {
  return new AppError("invalid_input", `${JSON.stringify(name.slice(0, 100))} cannot be the name of a variable.`, {
    hint: "Names have letters, digits and _ only, and begin with none of the digits. Mend it under `environmentVariables` or `files`.",
  });
}
