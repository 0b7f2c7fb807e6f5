// https://docs.tavily.com/documentation/api-reference/introduction
import { secretString } from "@sophia/core/config/parse-config";
import { defineService } from "@sophia/core/config/service";
import { wholeNumberSetting } from "@sophia/core/config/setting-schemas";
import { z } from "zod";
import { createKeyProbe } from "../probe-key.ts";
import { resolveMode } from "../resolve-mode.ts";
import { tavilyKeyCheck } from "./key-check.ts";
import { developmentRequestsPerMinute } from "./operations.ts";

const docsUrl = "https://app.tavily.com/home";

export const tavily = defineService({
  id: "tavily",
  title: "Tavily",
  group: "data",
  purpose: "Web search made for models.",
  served: ["live", "simulated"],
  docsUrl,
  config: z.object({
    TAVILY_API_KEY: secretString().optional().describe("Key for Tavily."),
    TAVILY_PROJECT_ID: z.string().optional().describe("Project that the use is counted for."),
    TAVILY_REQUESTS_PER_MINUTE: wholeNumberSetting({ minimum: 1, maximum: 10_000 })
      .default(developmentRequestsPerMinute)
      .describe("Requests a minute that your key allows (development 100, production 1000)."),
  }),
  keyShape: [{ variable: "TAVILY_API_KEY", pattern: /^tvly-[A-Za-z0-9-]{20,}$/, isDistinct: true }],
  modes: ({ config, simulate }) =>
    resolveMode({
      required: { TAVILY_API_KEY: config.TAVILY_API_KEY },
      simulate,
      docsUrl,
    }),
  probeKey: createKeyProbe(tavilyKeyCheck),
});
