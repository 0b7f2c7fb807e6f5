import type { RotatedService } from "@sophia/core/secrets/rotation/rotation-types";
import { services } from "../registry.ts";
import type { VariablePlace } from "./variable-places.ts";

/** Secrets among our own settings that others give out: a person makes the new one. */
export const otherSecrets: RotatedService = {
  id: "other",
  title: "a service that is none of the 19",
  docsUrl: "the page of whoever gave the key",
  keyShape: [],
};

/** Our own bearer, which rotation can make by itself. */
const ownBearer = "SOPHIA_TOKEN";

/** Whose rotator exchanges a variable, and whether that one makes the new value without a person. */
export function findRotationService({ service, variable }: Pick<VariablePlace, "service" | "variable">): {
  service: string;
  isAutomatic: boolean;
} {
  if (service !== "sophia") {
    return { service, isAutomatic: services.find(({ id }) => id === service)?.rotator !== undefined };
  }
  return variable === ownBearer ? { service, isAutomatic: true } : { service: otherSecrets.id, isAutomatic: false };
}
