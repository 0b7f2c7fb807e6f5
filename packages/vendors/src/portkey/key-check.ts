// https://portkey.ai/docs/api-reference/inference-api/models/list-models
import type { KeyCheck } from "../probe-key.ts";

export const portkeyKeyCheck: KeyCheck = {
  service: "portkey",
  title: "Portkey",
  baseUrl: (settings) => settings["PORTKEY_BASE_URL"] ?? "https://api.portkey.ai/v1",
  path: "/models",
  query: { limit: 1 },
  auth: (secret) => ({ in: "header", name: "x-portkey-api-key", secret }),
};
