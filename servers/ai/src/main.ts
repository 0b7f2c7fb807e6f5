import { cacheMigrations } from "@sophia/core/cache/cache-tables";
import { runServer } from "@sophia/core/mcp/run-server";
import { AiSettings } from "./config.ts";
import { aiServer } from "./server.ts";
import { createServices } from "./services.ts";

await runServer({
  definition: aiServer,
  config: AiSettings,
  migrations: [cacheMigrations],
  createServices,
  environment: process.env,
  arguments: process.argv.slice(2),
});
