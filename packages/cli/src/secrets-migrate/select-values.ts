import { Secret } from "@sophia/core/config/secret";
import { AppError } from "@sophia/core/errors/app-error";
import { recogniseKey } from "@sophia/vendors/recognise-key";
import { services } from "@sophia/vendors/registry";
import type { z } from "zod";
import { listPlaces } from "../server-settings.ts";
import type { FoundValue } from "./place-values.ts";

const serviceVariables = new Set(services.flatMap(({ config }) => Object.keys((config as z.ZodObject).shape)));

/**
 * Which variables are imported. An empty one is as good as none; what says where the store is cannot come out of it. Out
 * of a whole process environment (`onlyKnown`) come only variables of Sophia and its services: PATH is nobody's secret.
 * Of several with one name the last counts.
 */
export function selectValues(
  found: readonly { name: string; value: string }[],
  options: { scope: string; names: readonly string[]; onlyKnown: boolean; isCloud: boolean },
): { values: FoundValue[]; staying: string[] } {
  const { scope, names } = options;
  const last = new Map(found.map(({ name, value }) => [name, value]));
  const missing = names.filter((name) => !last.has(name));
  if (missing.length > 0) {
    throw new AppError(
      "not_found",
      `There is no ${missing.map((name) => name.replace(/[^\w.-]/g, "")).join(", ")} to import.`,
      {
        hint: "Check the spelling.",
      },
    );
  }
  const own = new Set(listPlaces().map(({ variable }) => variable));
  const isWanted = (name: string, value: string): boolean => {
    if (value === "") return false;
    if (names.length > 0) return names.includes(name);
    return !options.onlyKnown || own.has(name) || recogniseKey(name, value).kind === "known";
  };
  const wanted = [...last].filter(([name, value]) => isWanted(name, value));
  // What is a setting of ours and has no place in an environment says where the store is, or means this machine.
  const stays = ([name]: readonly [string, string]): boolean =>
    (!own.has(name) && (name.startsWith("SOPHIA_") || serviceVariables.has(name))) ||
    (options.isCloud && name === "PULUMI_ACCESS_TOKEN");
  return {
    values: wanted.filter((entry) => !stays(entry)).map(([name, value]) => ({ scope, name, value: new Secret(value) })),
    staying: wanted.filter(stays).map(([name]) => name),
  };
}
