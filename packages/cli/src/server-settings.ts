import { AiConfig } from "@sophia/ai/config";
import { BiConfig } from "@sophia/bi/config";
import { DataConfig } from "@sophia/data/config";
import { InfraConfig } from "@sophia/infra/config";
import { listVariablePlaces } from "@sophia/vendors/environments/variable-places";
import type { VariablePlace } from "@sophia/vendors/environments/variable-places";
import type { z } from "zod";

/** The servers' own variables: `up` checks them all before it starts anything. */
export const serverSettings: readonly { id: string; title: string; settings: z.ZodObject }[] = [
  { id: "ai", title: "AI Intelligence", settings: AiConfig },
  { id: "data", title: "Data Intelligence", settings: DataConfig },
  { id: "infra", title: "Infrastructure Copilot", settings: InfraConfig },
  { id: "bi", title: "Business Intelligence", settings: BiConfig },
];

/** Every variable that an environment can hold, with its place there. */
export function listPlaces(): readonly VariablePlace[] {
  return listVariablePlaces(Object.fromEntries(serverSettings.map(({ id, settings }) => [id, settings])));
}
