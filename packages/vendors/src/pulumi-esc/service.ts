// https://www.pulumi.com/docs/esc/
import { secretString } from "@sophia/core/config/parse-config";
import { defineService } from "@sophia/core/config/service";
import { z } from "zod";
import { createKeyProbe } from "../probe-key.ts";
import { resolveMode } from "../resolve-mode.ts";
import { pulumiKeyCheck } from "../pulumi/key-check.ts";

const docsUrl = "https://app.pulumi.com/account/tokens";

export const pulumiEsc = defineService({
  id: "pulumi-esc",
  title: "Pulumi ESC",
  group: "infra",
  purpose: "Secrets and configuration of every environment; without a token, the same language evaluated here.",
  served: ["live", "local"],
  docsUrl,
  config: z.object({
    PULUMI_ACCESS_TOKEN: secretString().optional().describe("Access token of Pulumi Cloud; Pulumi uses it too."),
    PULUMI_ESC_ENVIRONMENT: z
      .string()
      .regex(/^[\w.-]+\/[\w.-]+\/[\w.-]+$/, "must be organisation/project/environment")
      .optional()
      .describe("Environment that holds Sophia's own secrets, as organisation/project/environment."),
    PULUMI_BACKEND_URL: z
      .string()
      .optional()
      .describe("A Pulumi Cloud of your own, https://…; state stores such as file://~ change nothing here."),
  }),
  keyShape: [{ variable: "PULUMI_ACCESS_TOKEN", pattern: /^pul-[0-9a-f]{40}$/, isDistinct: true }],
  modes: ({ config, simulate }) =>
    resolveMode({
      required: {
        PULUMI_ACCESS_TOKEN: config.PULUMI_ACCESS_TOKEN,
        PULUMI_ESC_ENVIRONMENT: config.PULUMI_ESC_ENVIRONMENT,
      },
      local: "keeps and evaluates environments on this machine",
      simulate,
      docsUrl,
    }),
  probeKey: createKeyProbe(pulumiKeyCheck),
});
