// https://openrouter.ai/docs/api-reference/api-keys/get-current-key
import type { KeyCheck } from "../probe-key.ts";

export const openrouterKeyCheck: KeyCheck = {
  service: "openrouter",
  title: "OpenRouter",
  baseUrl: "https://openrouter.ai/api/v1",
  path: "/key",
  auth: (secret) => ({ in: "bearer", secret }),
  // An error can come with status 200.
  refusesKey: (body) =>
    [401, 403].includes((body as { error?: { code?: number } } | null)?.error?.code ?? 0) || undefined,
};
