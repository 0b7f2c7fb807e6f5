import { PlatformSettings } from "@sophia/core/config/platform-config";
import { AppError } from "@sophia/core/errors/app-error";
import { services } from "@sophia/vendors/registry";
import { recogniseKey } from "@sophia/vendors/recognise-key";
import type { z } from "zod";
import { serverSettings } from "../server-settings.ts";

const schemas: readonly z.ZodObject[] = [
  PlatformSettings,
  ...serverSettings.map(({ settings }) => settings),
  ...services.map(({ config }) => config as z.ZodObject),
];

/** Why no server would start with this value of one of Sophia's variables, or nothing; the value is not quoted. */
export function findRefusal(variable: string, value: string): string | undefined {
  const field = schemas
    .map((schema) => schema.shape[variable] as z.ZodType | undefined)
    .find((each) => each !== undefined);
  const parsed = field?.safeParse(value.trim());
  return parsed?.success === false ? (parsed.error.issues[0]?.message ?? "is not accepted") : undefined;
}

/**
 * What a server would say of this value of one of Sophia's variables: a doubt about a key of another shape, or nothing.
 * Throws AppError `invalid_input` for a value that no server would start with; the value is not quoted.
 */
export function checkSetting(variable: string, value: string): string | undefined {
  const refusal = findRefusal(variable, value);
  if (refusal !== undefined) {
    throw new AppError("invalid_input", `${variable} ${refusal}.`, {
      hint: "No server would start with this value. Nothing was changed.",
    });
  }
  const recognition = recogniseKey(variable, value);
  if (recognition.kind === "conflict")
    return `It looks like a key of ${recognition.shaped.service}, not of ${recognition.named.service}.`;
  return recognition.kind === "known" && !recognition.fits
    ? `It does not look like a key of ${recognition.key.service}.`
    : undefined;
}
