import type { AnyTool } from "@sophia/core/mcp/define-tool";
import type { BiServices } from "../services.ts";
import { describeData } from "./describe-data.ts";
import { importDataset } from "./import-dataset.ts";
import { listImports } from "./list-imports.ts";
import { queryData } from "./query-data.ts";

export const directTools: readonly AnyTool<BiServices>[] = [queryData, describeData];
export const longTailTools: readonly AnyTool<BiServices>[] = [importDataset, listImports];
