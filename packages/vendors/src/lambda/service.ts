// https://docs.lambda.ai/api/cloud
import { secretString } from "@sophia/core/config/parse-config";
import { defineService } from "@sophia/core/config/service";
import { z } from "zod";
import { createKeyProbe } from "../probe-key.ts";
import { resolveMode } from "../resolve-mode.ts";
import { lambdaKeyCheck } from "./key-check.ts";

const docsUrl = "https://cloud.lambda.ai/api-keys/cloud-api";

export const lambda = defineService({
  id: "lambda",
  title: "Lambda Labs",
  group: "infra",
  purpose: "GPU instances: what runs, what it costs, launch and terminate.",
  served: [],
  docsUrl,
  config: z.object({
    LAMBDA_API_KEY: secretString().optional().describe("Cloud API key of Lambda."),
  }),
  keyShape: [
    { variable: "LAMBDA_API_KEY", pattern: /^secret_[\w-]+_[0-9a-f]{32}\.[A-Za-z0-9]{32}$/, isDistinct: true },
  ],
  modes: ({ config, simulate }) =>
    resolveMode({
      required: { LAMBDA_API_KEY: config.LAMBDA_API_KEY },
      simulate,
      docsUrl,
    }),
  probeKey: createKeyProbe(lambdaKeyCheck),
});
