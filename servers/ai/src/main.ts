import { cacheMigrations } from "@sophia/core/cache/cache-tables";
import { runServer } from "@sophia/core/mcp/run-server";
import { openCloudSecrets } from "@sophia/vendors/pulumi-esc/open-cloud-secrets";
import { AiConfig } from "./config.ts";
import { aiServer } from "./server.ts";
import { createAiServices } from "./services.ts";

await runServer({
  definition: aiServer,
  config: AiConfig,
  migrations: [cacheMigrations],
  createServices: createAiServices,
  environment: process.env,
  arguments: process.argv.slice(2),
  openCloud: openCloudSecrets,
});
