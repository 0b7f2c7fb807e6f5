import type { AnyTool } from "@sophia/core/mcp/define-tool";
import type { AiServices } from "../services.ts";
import { complete } from "./complete.ts";
import { embedTexts } from "./embed-texts.ts";
import { listKeyPolicies } from "./list-key-policies.ts";
import { listModels } from "./list-models.ts";
import { reportUsage } from "./report-usage.ts";
import { rerankTexts } from "./rerank-texts.ts";
import { setBudget } from "./set-budget.ts";
import { setKeyPolicy } from "./set-key-policy.ts";

export const directTools: readonly AnyTool<AiServices>[] = [complete, listModels, reportUsage];
export const longTailTools: readonly AnyTool<AiServices>[] = [
  embedTexts,
  rerankTexts,
  setBudget,
  setKeyPolicy,
  listKeyPolicies,
];
