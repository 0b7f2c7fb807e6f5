import type { Plans } from "../approval/plans.ts";
import type { Clock } from "../limits/clock.ts";
import type { Audit } from "../observe/audit.ts";
import { createApplyChange } from "./core-tools/apply-change.ts";
import { createFindTools } from "./core-tools/find-tools.ts";
import { createReadResult } from "./core-tools/read-result.ts";
import { runTool } from "./core-tools/run-tool.ts";
import type { ServerDefinition } from "./define-server.ts";
import type { ResultShelf } from "./result-cap.ts";
import { createToolTable, type ToolTable } from "./tool-table.ts";

export interface ServerTableOptions<Services> {
  definition: ServerDefinition<Services>;
  approvesInClient: boolean;
  plans: Plans;
  audit: Audit;
  shelf: ResultShelf;
  clock: Clock;
}

/** A server's own tools and core's: what every client of it is shown. */
export function createServerTable<Services>(options: ServerTableOptions<Services>): ToolTable<Services> {
  const { definition } = options;
  const readResult = createReadResult(options.shelf, options.clock);
  const applyChange = createApplyChange<Services>({ ...options, serverId: definition.id, table: () => table });
  const unlisted = [...definition.longTail, readResult, ...(definition.listsApplyChange ? [] : [applyChange])];
  const findTools = createFindTools(
    unlisted.map((tool) => tool.name),
    () => table,
  );
  const table: ToolTable<Services> = createToolTable(definition, {
    listed: [...(definition.listsApplyChange ? [applyChange] : []), findTools, runTool],
    longTail: [readResult, ...(definition.listsApplyChange ? [] : [applyChange])],
  });
  return table;
}
