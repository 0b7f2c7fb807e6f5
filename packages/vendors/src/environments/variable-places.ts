import { isSecretSchema } from "@sophia/core/config/parse-config";
import { PlatformSettings } from "@sophia/core/config/platform-config";
import { SecretsSettings } from "@sophia/core/config/secrets-config";
import type { AnyService, ServiceGroup } from "@sophia/core/config/service";
import type { EnvironmentId } from "@sophia/core/secrets/backend/secret-backend";
import {
  groupEnvironment,
  type SecretGroup,
  secretGroups,
  type Stage,
  storesEnvironment,
} from "@sophia/core/secrets/settings/group-environments";
import type { z } from "zod";
import { services } from "../registry.ts";

/** Where a variable lives in the hierarchy of environments. */
export interface VariablePlace {
  variable: string;
  description: string;
  isSecret: boolean;
  /** Id of the service that it belongs to; `sophia` for our own settings. */
  service: string;
  title: string;
  /** Page where its value comes from. */
  docsUrl?: string;
  /** Keys from `values` on, such as `ai_intelligence`, `openrouter`, `OPENROUTER_API_KEY`. */
  path: readonly string[];
  /** The server whose group holds it; undefined for what all of them share. */
  group: SecretGroup | undefined;
}

/** Settings of the servers themselves, by server id: only the command line knows all servers. */
export type ServerSettings = Readonly<Record<string, z.ZodObject>>;

/** They say where the store of secrets is, or mean this machine alone: they cannot come out of it. */
const ofThisMachine = new Set([
  ...Object.keys(SecretsSettings.shape),
  "SOPHIA_COMMAND",
  "PULUMI_ESC_ENVIRONMENT",
  "PULUMI_BACKEND_URL",
]);

/** Every variable that can be kept in an environment, each once, in the order of the registry. */
export function listVariablePlaces(serverSettings: ServerSettings): readonly VariablePlace[] {
  const seen = new Set(ofThisMachine);
  return [
    ...services.flatMap(toServicePlaces),
    ...secretGroups.flatMap((group) => toOwnPlaces(group, serverSettings[group.server])),
    ...toOwnPlaces(undefined, PlatformSettings),
  ].filter(({ variable }) => !seen.has(variable) && seen.add(variable));
}

/** The environment of `stage` that holds the variable itself, not one that imports it. */
export function environmentOf({ group }: Pick<VariablePlace, "group">, stage: Stage): EnvironmentId {
  return group === undefined ? storesEnvironment(stage) : groupEnvironment(group, stage);
}

function toServicePlaces(service: AnyService): VariablePlace[] {
  const { id, title, docsUrl, config } = service;
  return toPlaces(findGroup(service.group), { service: id, title, docsUrl }, config as z.ZodObject);
}

function toOwnPlaces(group: SecretGroup | undefined, settings: z.ZodObject | undefined): VariablePlace[] {
  return settings === undefined ? [] : toPlaces(group, { service: "sophia", title: "Sophia" }, settings);
}

function toPlaces(
  group: SecretGroup | undefined,
  owner: Pick<VariablePlace, "service" | "title" | "docsUrl">,
  settings: z.ZodObject,
): VariablePlace[] {
  return Object.entries(settings.shape).map(([variable, field]) => ({
    ...owner,
    variable,
    description: (field as z.ZodType).description ?? "",
    isSecret: isSecretSchema(field),
    path: [group?.key ?? "stores", owner.service, variable],
    group,
  }));
}

function findGroup(group: ServiceGroup): SecretGroup | undefined {
  return secretGroups.find(({ server }) => server === group);
}
