import { ConfigError } from "@sophia/core/config/parse-config";
import { AppError } from "@sophia/core/errors/app-error";

/** sysexits.h EX_CONFIG: nothing is wrong with the program, something is to be set differently. */
const configurationExit = 78;

/** One message with cause and fix, and the exit code: 78 when the configuration is to blame, else 1. */
export function reportError(thrown: unknown, scrub: (text: string) => string): { message: string; exitCode: number } {
  if (thrown instanceof ConfigError) return { message: scrub(thrown.message), exitCode: thrown.exitCode };
  if (thrown instanceof AppError) {
    const message = [thrown.message, thrown.hint].filter((part) => part !== undefined).join("\n");
    return { message: scrub(message), exitCode: thrown.kind === "not_configured" ? configurationExit : 1 };
  }
  const detail = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  return { message: scrub(`Something failed inside Sophia. Please report it:\n${detail}`), exitCode: 1 };
}
