// https://docs.together.ai/reference/authentication-1
import { secretString } from "@sophia/core/config/parse-config";
import { defineService } from "@sophia/core/config/service";
import { z } from "zod";
import { createKeyProbe } from "../probe-key.ts";
import { resolveMode } from "../resolve-mode.ts";
import { togetherKeyCheck } from "./key-check.ts";

const docsUrl = "https://api.together.ai/settings/api-keys";

export const together = defineService({
  id: "together",
  title: "Together AI",
  group: "ai",
  purpose: "Open models, embeddings, reranking and batches.",
  served: ["live", "simulated"],
  docsUrl,
  config: z.object({
    TOGETHER_API_KEY: secretString().optional().describe("Key for Together AI."),
  }),
  keyShape: [
    { variable: "TOGETHER_API_KEY", pattern: /^tgp_v1_[\w-]{40,}$/, isDistinct: true },
    { variable: "TOGETHER_API_KEY", pattern: /^[0-9a-f]{64}$/, isDistinct: false },
  ],
  modes: ({ config, simulate }) =>
    resolveMode({
      required: { TOGETHER_API_KEY: config.TOGETHER_API_KEY },
      simulate,
      docsUrl,
    }),
  probeKey: createKeyProbe(togetherKeyCheck),
});
