import { defineServer } from "@sophia/core/mcp/define-server";
import type { AiServices } from "./services.ts";
import { directTools, longTailTools } from "./tools/list.ts";

export const aiServer = defineServer<AiServices>({
  id: "ai",
  title: "AI Intelligence",
  instructions:
    "Asks language models for you and writes down what it costs. Start with complete; list_models shows models and prices. " +
    "Each answer's source says whether a real model answered: mode simulated means that none did. " +
    "Applications use the same models, cache and ledger through the OpenAI-compatible API under /v1 on this port.",
  direct: directTools,
  longTail: longTailTools,
  prompts: [],
});
