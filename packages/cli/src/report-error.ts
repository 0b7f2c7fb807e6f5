import { ConfigError } from "@sophia/core/config/parse-config";
import { toStartError } from "@sophia/core/config/start-errors";
import { AppError } from "@sophia/core/errors/app-error";

/** sysexits.h EX_CONFIG: nothing is wrong with the program, something is to be set differently. */
const configurationExit = 78;

export interface ReportOptions {
  scrub(text: string): string;
  /** Known once the configuration is read. */
  dataDir: string | undefined;
}

/** One message with cause and fix, and the exit code: 78 when the configuration is to blame, else 1. */
export function reportError(thrown: unknown, { scrub, dataDir }: ReportOptions): { message: string; exitCode: number } {
  if (thrown instanceof ConfigError) return { message: scrub(thrown.message), exitCode: thrown.exitCode };
  // A command's own AppError already says what to do; the system's errors do not.
  const error = thrown instanceof AppError ? thrown : toStartError(thrown, dataDir);
  if (error instanceof AppError) {
    const message = [error.message, error.hint].filter((part) => part !== undefined).join("\n");
    return { message: scrub(message), exitCode: error.kind === "not_configured" ? configurationExit : 1 };
  }
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { message: scrub(`Something failed inside Sophia. Please report it:\n${detail}`), exitCode: 1 };
}
