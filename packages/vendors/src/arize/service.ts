// https://arize.com/docs/ax/security-and-settings/api-keys
import { secretString } from "@sophia/core/config/parse-config";
import { defineService } from "@sophia/core/config/service";
import { urlSetting } from "@sophia/core/config/setting-schemas";
import { z } from "zod";
import { createKeyProbe } from "../probe-key.ts";
import { resolveMode } from "../resolve-mode.ts";
import { arizeKeyCheck } from "./key-check.ts";
import { isPhoenix } from "./place.ts";

const docsUrl = "https://app.arize.com";

export const arize = defineService({
  id: "arize",
  title: "Arize",
  group: "ai",
  purpose: "Traces, drift and quality of models; drift and quality are also computed here.",
  served: ["live", "local", "simulated"],
  docsUrl,
  config: z.object({
    ARIZE_API_KEY: secretString().optional().describe("Key for Arize."),
    ARIZE_SPACE_ID: z.string().optional().describe("Space that traces go to; stands in its settings beside the key."),
    ARIZE_OTLP_ENDPOINT: urlSetting(["https:", "http:"])
      .default("https://otlp.arize.com/v1")
      .describe("Where traces go: another one for other regions, or a Phoenix of your own (http://localhost:6006/v1)."),
    ARIZE_PROJECT_NAME: z
      .string()
      .min(1)
      .max(100)
      .default("sophia")
      .describe("Project that model calls are shown in, there and in Phoenix."),
  }),
  keyShape: [
    { variable: "ARIZE_API_KEY", pattern: /^ak-[0-9a-f]{8}-[\w-]{20,}$/, isDistinct: true },
    { variable: "ARIZE_API_KEY", pattern: /^[0-9a-f]{20}$/, isDistinct: false },
  ],
  modes: ({ config, simulate }) =>
    resolveMode({
      required: { ARIZE_API_KEY: config.ARIZE_API_KEY, ARIZE_SPACE_ID: config.ARIZE_SPACE_ID },
      local: isPhoenix(config.ARIZE_OTLP_ENDPOINT) ? "ARIZE_OTLP_ENDPOINT names a Phoenix" : undefined,
      simulate,
      docsUrl,
      alternative: "name a Phoenix of your own in ARIZE_OTLP_ENDPOINT",
    }),
  probeKey: createKeyProbe(arizeKeyCheck),
});
