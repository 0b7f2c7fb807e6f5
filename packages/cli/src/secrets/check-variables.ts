import { ConfigError, parseConfig } from "@sophia/core/config/parse-config";
import { PlatformSettings } from "@sophia/core/config/platform-config";
import { unwrap } from "@sophia/core/config/secret";
import type { EscDiagnostic, EscEnvironment } from "@sophia/core/secrets/esc/evaluation";
import { readEnvironmentVariables } from "@sophia/core/secrets/esc/reserved-outputs";
import { services } from "@sophia/vendors/registry";
import type { z } from "zod";
import { serverSettings } from "../server-settings.ts";
import { findValue } from "./find-value.ts";

const schemas = [
  PlatformSettings,
  ...serverSettings.map(({ settings }) => settings),
  ...services.map(({ config }) => config as z.ZodObject),
];

/** Variables that no server would start with, as the services' own schemas judge them; no message holds a value. */
export function checkVariables(environment: EscEnvironment): EscDiagnostic[] {
  const variables = readEnvironmentVariables(environment).map(({ name, value }) => [name, unwrap(value)] as const);
  try {
    parseConfig(schemas, Object.fromEntries(variables));
    return [];
  } catch (thrown) {
    if (!(thrown instanceof ConfigError)) throw thrown;
    return thrown.problems.map(({ variable, message }): EscDiagnostic => {
      const range = findValue(environment, ["environmentVariables", variable])?.trace.def;
      const path = `environmentVariables.${variable}`;
      return { severity: "error", summary: message, path, ...(range && { range }) };
    });
  }
}
