import { AiSettings } from "@sophia/ai/config";
import { BiConfig } from "@sophia/bi/config";
import { DataConfig } from "@sophia/data/config";
import { InfraSettings } from "@sophia/infra/config";
import type { z } from "zod";

/** The servers' own variables: `up` checks them all before it starts anything. */
export const serverSettings: readonly { title: string; settings: z.ZodObject }[] = [
  { title: "AI Intelligence", settings: AiSettings },
  { title: "Data Intelligence", settings: DataConfig },
  { title: "Infrastructure Copilot", settings: InfraSettings },
  { title: "Business Intelligence", settings: BiConfig },
];
