// https://openrouter.ai/docs/api-reference/authentication
import { secretString } from "@sophia/core/config/parse-config";
import { defineService } from "@sophia/core/config/service";
import { z } from "zod";
import { createKeyProbe } from "../probe-key.ts";
import { resolveMode } from "../resolve-mode.ts";
import { openrouterKeyCheck } from "./key-check.ts";

const docsUrl = "https://openrouter.ai/settings/keys";

export const openrouter = defineService({
  id: "openrouter",
  title: "OpenRouter",
  group: "ai",
  purpose: "Models of many makers behind one key, with prices and live statistics.",
  served: ["live", "simulated"],
  docsUrl,
  config: z.object({
    OPENROUTER_API_KEY: secretString().optional().describe("Key for OpenRouter."),
  }),
  keyShape: [{ variable: "OPENROUTER_API_KEY", pattern: /^sk-or-v1-[0-9a-f]{64}$/, isDistinct: true }],
  modes: ({ config, simulate }) =>
    resolveMode({
      required: { OPENROUTER_API_KEY: config.OPENROUTER_API_KEY },
      simulate,
      docsUrl,
    }),
  probeKey: createKeyProbe(openrouterKeyCheck),
});
