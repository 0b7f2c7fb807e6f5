// What `zenrows usage` of https://github.com/ZenRows/cli asks; it takes no credits.
// https://docs.zenrows.com/api-error-codes
import type { KeyCheck } from "../probe-key.ts";

export const zenrowsBaseUrl = "https://api.zenrows.com/v1";

export const zenrowsKeyCheck: KeyCheck = {
  service: "zenrows",
  title: "ZenRows",
  baseUrl: zenrowsBaseUrl,
  path: "/subscriptions/self/details",
  auth: (secret) => ({ in: "header", name: "x-api-key", secret }),
  refusesKey(body) {
    const { code } = (body ?? {}) as { code?: unknown };
    if (typeof code !== "string") return undefined;
    if (/^AUTH00[123]$/.test(code)) return true;
    // The address we call from is blocked.
    return code.startsWith("BLK") ? false : undefined;
  },
};
