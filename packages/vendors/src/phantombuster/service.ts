// https://hub.phantombuster.com/docs/api
import { secretString } from "@sophia/core/config/parse-config";
import { defineService } from "@sophia/core/config/service";
import { z } from "zod";
import { createKeyProbe } from "../probe-key.ts";
import { resolveMode } from "../resolve-mode.ts";
import { phantombusterKeyCheck } from "./key-check.ts";

const docsUrl = "https://phantombuster.com/workspace-settings";

export const phantombuster = defineService({
  id: "phantombuster",
  title: "PhantomBuster",
  group: "data",
  purpose: "Agents that collect public profiles and posts from social networks.",
  served: ["live", "simulated"],
  docsUrl,
  config: z.object({
    PHANTOMBUSTER_API_KEY: secretString().optional().describe("Key for PhantomBuster."),
    PHANTOMBUSTER_ORG_ID: z.string().optional().describe("Organisation to act in, when the key knows several."),
  }),
  keyShape: [{ variable: "PHANTOMBUSTER_API_KEY", pattern: /^[A-Za-z0-9]{43}$/, isDistinct: false }],
  modes: ({ config, simulate }) =>
    resolveMode({
      required: { PHANTOMBUSTER_API_KEY: config.PHANTOMBUSTER_API_KEY },
      simulate,
      docsUrl,
    }),
  probeKey: createKeyProbe(phantombusterKeyCheck),
});
