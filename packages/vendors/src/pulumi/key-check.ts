// https://www.pulumi.com/docs/reference/cloud-rest-api/
import { resolveEscBaseUrl } from "../pulumi-esc/resolve-base-url.ts";
import type { KeyCheck } from "../probe-key.ts";

/** Pulumi and Pulumi ESC share the token. */
export const pulumiKeyCheck: KeyCheck = {
  service: "pulumi",
  title: "Pulumi",
  baseUrl: (settings) => new URL(".", resolveEscBaseUrl(settings["PULUMI_BACKEND_URL"])).href,
  path: "/user",
  auth: (secret) => ({ in: "header", name: "authorization", prefix: "token ", secret }),
};
