import { runServer } from "@sophia/core/mcp/run-server";
import { createServerSecrets } from "@sophia/vendors/environments/server-secrets";
import { InfraConfig } from "./config.ts";
import { infraServer } from "./server.ts";
import { createInfraServices } from "./services.ts";

await runServer({
  definition: infraServer,
  config: InfraConfig,
  migrations: [],
  createServices: createInfraServices,
  environment: process.env,
  arguments: process.argv.slice(2),
  secrets: createServerSecrets("infra", InfraConfig),
});
