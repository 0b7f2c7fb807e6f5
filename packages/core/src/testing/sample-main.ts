/** The sample server as a process of its own, run like every server. Used by process and load tests. */
import { z } from "zod";
import { runServer } from "../mcp/run-server.ts";
import { createSampleServices, sampleServer } from "./sample-server.ts";

await runServer({
  definition: sampleServer,
  config: z.object({}),
  migrations: [],
  createServices: async () => ({ services: createSampleServices() }),
  environment: process.env,
  arguments: process.argv.slice(2),
  ...(process.argv.includes("--no-caller-limits") ? { limits: { requestsPerSecond: 100_000, burst: 100_000 } } : {}),
});
