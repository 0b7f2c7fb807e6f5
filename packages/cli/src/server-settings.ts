import { AiConfig } from "@sophia/ai/config";
import { BiConfig } from "@sophia/bi/config";
import { DataConfig } from "@sophia/data/config";
import { InfraConfig } from "@sophia/infra/config";
import type { z } from "zod";

/** The servers' own variables: `up` checks them all before it starts anything. */
export const serverSettings: readonly { title: string; settings: z.ZodObject }[] = [
  { title: "AI Intelligence", settings: AiConfig },
  { title: "Data Intelligence", settings: DataConfig },
  { title: "Infrastructure Copilot", settings: InfraConfig },
  { title: "Business Intelligence", settings: BiConfig },
];
