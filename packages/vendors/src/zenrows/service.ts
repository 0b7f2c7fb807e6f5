// https://docs.zenrows.com/universal-scraper-api/api-reference
import { secretString } from "@sophia/core/config/parse-config";
import { defineService } from "@sophia/core/config/service";
import { wholeNumberSetting } from "@sophia/core/config/setting-schemas";
import { z } from "zod";
import { createKeyProbe } from "../probe-key.ts";
import { resolveMode } from "../resolve-mode.ts";
import { zenrowsKeyCheck } from "./key-check.ts";

const docsUrl = "https://app.zenrows.com/account/settings";

export const zenrows = defineService({
  id: "zenrows",
  title: "ZenRows",
  group: "data",
  purpose: "Pages that refuse plain fetching; without a key, pages are fetched directly.",
  served: ["live", "local"],
  docsUrl,
  config: z.object({
    ZENROWS_API_KEY: secretString().optional().describe("Key for ZenRows."),
    ZENROWS_CONCURRENCY: wholeNumberSetting({ minimum: 1, maximum: 400 })
      .default(5)
      .describe("Requests at a time that your plan allows (trial 5)."),
  }),
  keyShape: [{ variable: "ZENROWS_API_KEY", pattern: /^[0-9a-f]{40}$/, isDistinct: false }],
  modes: ({ config, simulate }) =>
    resolveMode({
      required: { ZENROWS_API_KEY: config.ZENROWS_API_KEY },
      local: "fetches pages directly and extracts what can be read",
      simulate,
      docsUrl,
    }),
  probeKey: createKeyProbe(zenrowsKeyCheck),
});
