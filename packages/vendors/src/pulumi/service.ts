// https://www.pulumi.com/docs/administration/access-identity/access-tokens/
import { secretString } from "@sophia/core/config/parse-config";
import { defineService } from "@sophia/core/config/service";
import { z } from "zod";
import { createKeyProbe } from "../probe-key.ts";
import { resolveMode } from "../resolve-mode.ts";
import { pulumiKeyCheck } from "./key-check.ts";

const docsUrl = "https://app.pulumi.com/account/tokens";

export const pulumi = defineService({
  id: "pulumi",
  title: "Pulumi",
  group: "infra",
  purpose: "Stacks: preview, apply, drift; without a token, stacks in files.",
  served: [],
  docsUrl,
  config: z.object({
    PULUMI_ACCESS_TOKEN: secretString().optional().describe("Access token of Pulumi Cloud; Pulumi ESC uses it too."),
    PULUMI_BACKEND_URL: z
      .string()
      .optional()
      .describe("Another state store: file://~, s3://bucket, or a Pulumi Cloud of your own."),
    PULUMI_ORG: z.string().optional().describe("Organisation whose stacks are looked at."),
  }),
  keyShape: [{ variable: "PULUMI_ACCESS_TOKEN", pattern: /^pul-[0-9a-f]{40}$/, isDistinct: true }],
  modes: ({ config, facts, simulate }) =>
    resolveMode({
      required: { PULUMI_ACCESS_TOKEN: config.PULUMI_ACCESS_TOKEN },
      local: facts.pulumiCli === undefined ? undefined : `uses ${facts.pulumiCli} with stacks in files`,
      simulate,
      docsUrl,
      alternative: "install the Pulumi CLI",
    }),
  probeKey: createKeyProbe(pulumiKeyCheck),
});
