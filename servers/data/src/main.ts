import { runServer } from "@sophia/core/mcp/run-server";
import { createServerSecrets } from "@sophia/vendors/environments/server-secrets";
import { DataConfig, DataSettings } from "./config.ts";
import { dataMigrations } from "./documents/migrations.ts";
import { fetchingMigrations } from "./fetching/migrations.ts";
import { collectionMigrations } from "./collections/migrations.ts";
import { filingMigrations } from "./filing/migrations.ts";
import { dataServer } from "./server.ts";
import { createDataServices } from "./services.ts";
import { watchingMigrations } from "./watching/migrations.ts";

await runServer({
  definition: dataServer,
  config: DataSettings,
  migrations: [dataMigrations, fetchingMigrations, watchingMigrations, collectionMigrations, filingMigrations],
  createServices: createDataServices,
  environment: process.env,
  arguments: process.argv.slice(2),
  secrets: createServerSecrets("data", DataConfig),
});
