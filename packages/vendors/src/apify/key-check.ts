// https://docs.apify.com/api/v2/users-me-limits-get
import type { KeyCheck } from "../probe-key.ts";

export const apifyBaseUrl = "https://api.apify.com/v2";

export const apifyKeyCheck: KeyCheck = {
  service: "apify",
  title: "Apify",
  baseUrl: apifyBaseUrl,
  path: "/users/me/limits",
  auth: (secret) => ({ in: "bearer", secret }),
};
