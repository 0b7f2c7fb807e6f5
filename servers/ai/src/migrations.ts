import { cacheMigrations, type CacheTables } from "@sophia/core/cache/cache-tables";
import { semanticMigrations, type SemanticTables } from "@sophia/core/cache/semantic-tables";
import { routeMigrations, type RouteTables } from "@sophia/core/routing/route-tables";
import type { CoreTables } from "@sophia/core/store/core-tables";
import type { MigrationSet } from "@sophia/core/store/store";
import { observationMigrations, type ObservationTables } from "./observation.ts";
import { policyMigrations, type PolicyTables } from "./policies/policy-tables.ts";
import { usageMigrations, type UsageTables } from "./usage/usage-tables.ts";

export type AiTables = CoreTables &
  CacheTables &
  SemanticTables &
  RouteTables &
  PolicyTables &
  UsageTables &
  ObservationTables;

/** The tables of this server beside core's own. */
export const aiMigrations: readonly MigrationSet[] = [
  cacheMigrations,
  semanticMigrations,
  routeMigrations,
  policyMigrations,
  usageMigrations,
  ...observationMigrations,
];
