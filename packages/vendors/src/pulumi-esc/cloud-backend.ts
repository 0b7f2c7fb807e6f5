import type { Secret } from "@sophia/core/config/secret";
import { createHttp, type HttpOptions } from "@sophia/core/http/http";
import type { SecretBackend } from "@sophia/core/secrets/backend/secret-backend";
import { createCloudDefinitions } from "./cloud-definitions.ts";
import { createCloudHistory } from "./cloud-history.ts";
import { createCloudOpening } from "./cloud-opening.ts";
import type { CloudPlace } from "./cloud-place.ts";
import { createEscTransport } from "./esc-transport.ts";
import { createRawApi } from "./raw-api.ts";
import { resolveEscBaseUrl } from "./resolve-base-url.ts";

export interface CloudBackendOptions extends Pick<HttpOptions, "log" | "clock" | "observer" | "pacer"> {
  organisation: string;
  /** Unwrapped for each request: a rotation may replace it. */
  token: Secret;
  /** `PULUMI_BACKEND_URL`, for a Pulumi Cloud of one's own. */
  baseUrl?: string | undefined;
  /** Total for one request with its retries. Default 30 s. */
  timeoutMs?: number;
}

export interface CloudBackend extends SecretBackend {
  close(): Promise<void>;
}

/** Environments at Pulumi Cloud. Throws AppError `not_configured` for a base URL that is none. */
export function createCloudBackend(options: CloudBackendOptions): CloudBackend {
  const { organisation, token, log, clock, observer, pacer, timeoutMs } = options;
  const baseUrl = resolveEscBaseUrl(options.baseUrl);
  const http = createHttp({
    service: "pulumi-esc",
    baseUrl: baseUrl.href,
    log,
    ...(clock && { clock }),
    ...(observer && { observer }),
    ...(pacer && { pacer }),
    ...(timeoutMs !== undefined && { timeoutMs }),
    auth: { in: "header", name: "authorization", prefix: "token ", secret: token },
    headers: { accept: "application/json, application/x-yaml, */*" },
  });
  const send = createEscTransport(http);
  const place: CloudPlace = { organisation, send, raw: createRawApi(send) };
  const { tags, ...history } = createCloudHistory(place);
  return {
    kind: "pulumi-cloud",
    location: `${organisation} at ${baseUrl.host}`,
    ...createCloudDefinitions(place, { tags, ...history }),
    ...createCloudOpening(place),
    ...history,
    close: () => http.close(),
  };
}
