import type { AnyTool } from "@sophia/core/mcp/define-tool";
import type { AiServices } from "../services.ts";
import { complete } from "./complete.ts";
import { embedTexts } from "./embed-texts.ts";
import { listModels } from "./list-models.ts";

export const directTools: readonly AnyTool<AiServices>[] = [complete, listModels];
export const longTailTools: readonly AnyTool<AiServices>[] = [embedTexts];
