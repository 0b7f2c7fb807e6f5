// https://hub.phantombuster.com/reference
import type { KeyCheck } from "../probe-key.ts";

export const phantombusterBaseUrl = "https://api.phantombuster.com/api/v2";

export const phantombusterKeyCheck: KeyCheck = {
  service: "phantombuster",
  title: "PhantomBuster",
  baseUrl: phantombusterBaseUrl,
  path: "/orgs/fetch-resources",
  auth: (secret) => ({ in: "header", name: "x-phantombuster-key", secret }),
};
