import type { AnyTool } from "@sophia/core/mcp/define-tool";
import type { InfraServices } from "../services.ts";
import { diagnose } from "./diagnose.ts";
import { getStatus } from "./get-status.ts";
import { listResources } from "./list-resources.ts";
import { planChange } from "./plan-change.ts";

export const directTools: readonly AnyTool<InfraServices>[] = [getStatus, listResources, diagnose, planChange];
export const longTailTools: readonly AnyTool<InfraServices>[] = [];
