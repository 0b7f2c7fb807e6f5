import { cacheMigrations } from "@sophia/core/cache/cache-tables";
import type { MigrationSet } from "@sophia/core/store/store";
import { policyMigrations } from "./policies/policy-tables.ts";
import { usageMigrations } from "./usage/usage-tables.ts";

/** The tables of this server beside core's own. */
export const aiMigrations: readonly MigrationSet[] = [cacheMigrations, policyMigrations, usageMigrations];
