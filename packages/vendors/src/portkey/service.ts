// https://portkey.ai/docs/api-reference/inference-api/authentication
import { secretString } from "@sophia/core/config/parse-config";
import { defineService } from "@sophia/core/config/service";
import { urlSetting } from "@sophia/core/config/setting-schemas";
import { z } from "zod";
import { createKeyProbe } from "../probe-key.ts";
import { resolveMode } from "../resolve-mode.ts";
import { portkeyKeyCheck } from "./key-check.ts";

const docsUrl = "https://app.portkey.ai/api-keys";

export const portkey = defineService({
  id: "portkey",
  title: "Portkey",
  group: "ai",
  purpose: "Gateway configurations, its cache, and analytics of requests and spend.",
  served: ["live", "simulated"],
  docsUrl,
  config: z.object({
    PORTKEY_API_KEY: secretString().optional().describe("Key for Portkey."),
    PORTKEY_BASE_URL: urlSetting(["https:", "http:"])
      .optional()
      .describe("A gateway of your own instead of https://api.portkey.ai/v1."),
    PORTKEY_CONFIG: z.string().optional().describe("Id of a saved configuration (pc-…), or one as JSON."),
    PORTKEY_PROVIDER: z
      .string()
      .optional()
      .describe("Provider integration for models that do not name theirs as @provider/model."),
  }),
  keyShape: [{ variable: "PORTKEY_API_KEY", pattern: /^[A-Za-z0-9+/]{27}=$/, isDistinct: false }],
  modes: ({ config, simulate }) =>
    resolveMode({
      required: { PORTKEY_API_KEY: config.PORTKEY_API_KEY },
      simulate,
      docsUrl,
    }),
  probeKey: createKeyProbe(portkeyKeyCheck),
});
