// https://docs.apify.com/platform/integrations/api
import { secretString } from "@sophia/core/config/parse-config";
import { defineService } from "@sophia/core/config/service";
import { z } from "zod";
import { createKeyProbe } from "../probe-key.ts";
import { resolveMode } from "../resolve-mode.ts";
import { apifyKeyCheck } from "./key-check.ts";

const docsUrl = "https://console.apify.com/settings/integrations";

export const apify = defineService({
  id: "apify",
  title: "Apify",
  group: "data",
  purpose: "Actors that collect from sites with no other way in.",
  served: ["live", "simulated"],
  docsUrl,
  config: z.object({
    APIFY_TOKEN: secretString().optional().describe("API token of Apify."),
  }),
  keyShape: [{ variable: "APIFY_TOKEN", pattern: /^apify_api_[A-Za-z0-9]{30,}$/, isDistinct: true }],
  modes: ({ config, simulate }) =>
    resolveMode({
      required: { APIFY_TOKEN: config.APIFY_TOKEN },
      simulate,
      docsUrl,
    }),
  probeKey: createKeyProbe(apifyKeyCheck),
});
