// https://docs.lambda.ai/api/cloud#listRegions
import type { KeyCheck } from "../probe-key.ts";

export const lambdaKeyCheck: KeyCheck = {
  service: "lambda",
  title: "Lambda",
  baseUrl: "https://cloud.lambda.ai",
  path: "/api/v1/regions",
  auth: (secret) => ({ in: "bearer", secret }),
};
