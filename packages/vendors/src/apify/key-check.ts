// https://docs.apify.com/api/v2/users-me-limits-get
import type { KeyCheck } from "../probe-key.ts";

export const apifyKeyCheck: KeyCheck = {
  service: "apify",
  title: "Apify",
  baseUrl: "https://api.apify.com/v2",
  path: "/users/me/limits",
  auth: (secret) => ({ in: "bearer", secret }),
};
