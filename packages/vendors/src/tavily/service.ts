// https://docs.tavily.com/documentation/api-reference/introduction
import { secretString } from "@sophia/core/config/parse-config";
import { defineService } from "@sophia/core/config/service";
import { z } from "zod";
import { createKeyProbe } from "../probe-key.ts";
import { resolveMode } from "../resolve-mode.ts";
import { tavilyKeyCheck } from "./key-check.ts";

const docsUrl = "https://app.tavily.com/home";

export const tavily = defineService({
  id: "tavily",
  title: "Tavily",
  group: "data",
  purpose: "Web search made for models.",
  served: [],
  docsUrl,
  config: z.object({
    TAVILY_API_KEY: secretString().optional().describe("Key for Tavily."),
    TAVILY_PROJECT_ID: z.string().optional().describe("Project that the use is counted for."),
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
