import { runServer } from "@sophia/core/mcp/run-server";
import { InfraSettings } from "./config.ts";
import { server } from "./server.ts";
import { createServices } from "./services.ts";

await runServer({
  definition: server,
  config: InfraSettings,
  migrations: [],
  createServices,
  environment: process.env,
  arguments: process.argv,
});
