import type { AnyTool } from "@sophia/core/mcp/define-tool";
import type { InfraServices } from "../services.ts";
import { checkEnvironment } from "./check-environment.ts";
import { compareEnvironments } from "./compare-environments.ts";
import { describeEnvironment } from "./describe-environment.ts";
import { diagnose } from "./diagnose.ts";
import { getStatus } from "./get-status.ts";
import { listEnvironments } from "./list-environments.ts";
import { listResources } from "./list-resources.ts";
import { planChange } from "./plan-change.ts";
import { planRotation } from "./plan-rotation.ts";
import { rollbackEnvironment } from "./rollback-environment.ts";

export const directTools: readonly AnyTool<InfraServices>[] = [getStatus, listResources, diagnose, planChange];
export const longTailTools: readonly AnyTool<InfraServices>[] = [
  listEnvironments,
  describeEnvironment,
  checkEnvironment,
  compareEnvironments,
  planRotation,
  rollbackEnvironment,
];
