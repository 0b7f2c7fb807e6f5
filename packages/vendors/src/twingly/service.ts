// https://app.twingly.com/blog_search
import { secretString } from "@sophia/core/config/parse-config";
import { defineService } from "@sophia/core/config/service";
import { z } from "zod";
import { createKeyProbe } from "../probe-key.ts";
import { resolveMode } from "../resolve-mode.ts";
import { twinglyKeyCheck } from "./key-check.ts";

const docsUrl = "https://app.twingly.com";

export const twingly = defineService({
  id: "twingly",
  title: "Twingly",
  group: "data",
  purpose: "Blog and news search; without a key, RSS, Atom and JSON feeds.",
  served: ["live", "local"],
  docsUrl,
  config: z.object({
    TWINGLY_API_KEY: secretString().optional().describe("Key for Twingly's blog and news search."),
  }),
  keyShape: [
    {
      variable: "TWINGLY_API_KEY",
      pattern: /^[0-9A-Fa-f]{8}(?:-?[0-9A-Fa-f]{4}){3}-?[0-9A-Fa-f]{12}$/,
      isDistinct: false,
    },
  ],
  modes: ({ config, simulate }) =>
    resolveMode({
      required: { TWINGLY_API_KEY: config.TWINGLY_API_KEY },
      local: "reads feeds (RSS, Atom, JSON) directly",
      simulate,
      docsUrl,
    }),
  probeKey: createKeyProbe(twinglyKeyCheck),
});
