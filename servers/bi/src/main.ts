import { runServer } from "@sophia/core/mcp/run-server";
import { createServerSecrets } from "@sophia/vendors/environments/server-secrets";
import { BiConfig } from "./config.ts";
import { biServer } from "./server.ts";
import { createBiServices } from "./services.ts";

await runServer({
  definition: biServer,
  config: BiConfig,
  migrations: [],
  createServices: createBiServices,
  environment: process.env,
  arguments: process.argv.slice(2),
  secrets: createServerSecrets("bi", BiConfig),
});
