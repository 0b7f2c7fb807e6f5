// https://docs.together.ai/reference/models-1
import type { KeyCheck } from "../probe-key.ts";

export const togetherKeyCheck: KeyCheck = {
  service: "together",
  title: "Together AI",
  baseUrl: "https://api.together.ai/v1",
  path: "/models",
  auth: (secret) => ({ in: "bearer", secret }),
};
