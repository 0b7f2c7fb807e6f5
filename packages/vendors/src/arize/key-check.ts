// https://arize.com/docs/api-reference/spaces/list-spaces
import type { KeyCheck } from "../probe-key.ts";

/** Regions: https://arize.com/docs/ax/security-and-settings/compliance/data-regions */
function findApi(otlpEndpoint: string | undefined): string {
  const endpoint = URL.parse(otlpEndpoint ?? "https://otlp.arize.com/v1");
  return endpoint ? `${endpoint.protocol}//${endpoint.host.replace(/^otlp\./, "api.")}/v2` : "";
}

export const arizeKeyCheck: KeyCheck = {
  service: "arize",
  title: "Arize",
  baseUrl: (settings) => findApi(settings["ARIZE_OTLP_ENDPOINT"]),
  path: "/spaces",
  query: { limit: 1 },
  auth: (secret) => ({ in: "bearer", secret }),
};
