import type { Secret } from "@sophia/core/config/secret";
import type { OtlpDestination } from "@sophia/core/observe/otlp-exporter";

/** The settings that say where Arize is, parsed. */
export interface ArizeSettings {
  ARIZE_API_KEY?: Secret | undefined;
  ARIZE_SPACE_ID?: string | undefined;
  ARIZE_OTLP_ENDPOINT: string;
  ARIZE_PROJECT_NAME: string;
}

/** Arize's own service. Base URLs without a slash at their end. */
export interface ArizeCloud {
  kind: "cloud";
  apiKey: Secret;
  spaceId: string;
  otlpBaseUrl: string;
  restBaseUrl: string;
  graphBaseUrl: string;
  project: string;
}

/** A Phoenix of one's own. */
export interface ArizePhoenix {
  kind: "phoenix";
  apiKey: Secret | undefined;
  otlpBaseUrl: string;
  restBaseUrl: string;
  project: string;
}

export type ArizePlace = ArizeCloud | ArizePhoenix;

/**
 * Where traces and opinions go. With key and space it is Arize; with an address of its own and no space, a Phoenix.
 * Regions: https://arize.com/docs/ax/security-and-settings/compliance/data-regions
 */
export function findArize(settings: ArizeSettings): ArizePlace | undefined {
  const { ARIZE_API_KEY: apiKey, ARIZE_SPACE_ID: spaceId, ARIZE_PROJECT_NAME: project } = settings;
  const endpoint = new URL(settings.ARIZE_OTLP_ENDPOINT);
  const otlpBaseUrl = `${endpoint.origin}${endpoint.pathname.replace(/\/$/, "")}`;
  if (apiKey && spaceId !== undefined) {
    return {
      kind: "cloud",
      apiKey,
      spaceId,
      otlpBaseUrl,
      restBaseUrl: `${endpoint.protocol}//${endpoint.host.replace(/^otlp\./, "api.")}`,
      graphBaseUrl: `${endpoint.protocol}//${endpoint.host.replace(/^otlp\./, "app.")}`,
      project,
    };
  }
  if (!isPhoenix(settings.ARIZE_OTLP_ENDPOINT)) return undefined;
  return { kind: "phoenix", apiKey, otlpBaseUrl, restBaseUrl: otlpBaseUrl.replace(/\/v1$/, ""), project };
}

/** Whether the address is none of Arize's own. */
export function isPhoenix(endpoint: string): boolean {
  return !/(?:^|\.)arize\.com$/.test(URL.parse(endpoint)?.hostname ?? "arize.com");
}

/** https://arize.com/docs/ax/observe/tracing/configure/otel-collector, https://arize.com/docs/phoenix/deployment/authentication */
export function toOtlpDestination(place: ArizePlace, server: string): OtlpDestination {
  const common = {
    service: "arize",
    baseUrl: place.otlpBaseUrl,
    path: "/traces",
    resource: { "service.name": server, "openinference.project.name": place.project },
  };
  if (place.kind === "cloud") {
    return {
      ...common,
      auth: { in: "header", name: "arize-api-key", secret: place.apiKey },
      headers: { "arize-space-id": place.spaceId },
    };
  }
  return { ...common, ...(place.apiKey && { auth: { in: "bearer", secret: place.apiKey } }) };
}
