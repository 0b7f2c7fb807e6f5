// https://hub.phantombuster.com/reference
import type { KeyCheck } from "../probe-key.ts";

export const phantombusterKeyCheck: KeyCheck = {
  service: "phantombuster",
  title: "PhantomBuster",
  baseUrl: "https://api.phantombuster.com/api/v2",
  path: "/orgs/fetch-resources",
  auth: (secret) => ({ in: "header", name: "x-phantombuster-key", secret }),
};
