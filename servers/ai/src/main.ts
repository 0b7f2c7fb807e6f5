import { runServer } from "@sophia/core/mcp/run-server";
import { createServerSecrets } from "@sophia/vendors/environments/server-secrets";
import { AiConfig, AiSettings } from "./config.ts";
import { aiMigrations } from "./migrations.ts";
import { aiServer } from "./server.ts";
import { createAiServices } from "./services.ts";

await runServer({
  definition: aiServer,
  config: AiSettings,
  migrations: aiMigrations,
  createServices: createAiServices,
  environment: process.env,
  arguments: process.argv.slice(2),
  secrets: createServerSecrets("ai", AiConfig),
});
