import type { AnyTool } from "@sophia/core/mcp/define-tool";
import type { AiServices } from "../services.ts";
import { checkModels } from "./check-models.ts";
import { compareModels } from "./compare-models.ts";
import { complete } from "./complete.ts";
import { deleteMonitor } from "./delete-monitor.ts";
import { embedTexts } from "./embed-texts.ts";
import { eraseCache } from "./erase-cache.ts";
import { exportProviderLog } from "./export-provider-log.ts";
import { explainRoute } from "./explain-route.ts";
import { getTrace } from "./get-trace.ts";
import { listKeyPolicies } from "./list-key-policies.ts";
import { listLocalModels } from "./list-local-models.ts";
import { listModels } from "./list-models.ts";
import { listMonitors } from "./list-monitors.ts";
import { listProviderCredits } from "./list-provider-credits.ts";
import { listTraces } from "./list-traces.ts";
import { logFeedback } from "./log-feedback.ts";
import { manageCache } from "./manage-cache.ts";
import { reportUsage } from "./report-usage.ts";
import { rerankTexts } from "./rerank-texts.ts";
import { runEvaluation } from "./run-evaluation.ts";
import { setBudget } from "./set-budget.ts";
import { setKeyPolicy } from "./set-key-policy.ts";
import { setMonitor } from "./set-monitor.ts";
import { warmCache } from "./warm-cache.ts";

export const directTools: readonly AnyTool<AiServices>[] = [
  complete,
  compareModels,
  listModels,
  explainRoute,
  reportUsage,
  manageCache,
  checkModels,
];
export const longTailTools: readonly AnyTool<AiServices>[] = [
  embedTexts,
  rerankTexts,
  runEvaluation,
  logFeedback,
  listTraces,
  getTrace,
  warmCache,
  eraseCache,
  setBudget,
  setKeyPolicy,
  listKeyPolicies,
  listProviderCredits,
  exportProviderLog,
  listLocalModels,
  listMonitors,
  setMonitor,
  deleteMonitor,
];
