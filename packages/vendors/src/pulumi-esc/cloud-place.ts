import { AppError } from "@sophia/core/errors/app-error";
import { apiPath } from "@sophia/core/http/target";
import type { EnvironmentId } from "@sophia/core/secrets/backend/secret-backend";
import { about } from "./cloud-calls.ts";
import type { EscAnswer, EscTransport } from "./esc-transport.ts";
import type { RawApi } from "./raw-api.ts";

/** An organisation at Pulumi Cloud, and the two ways there: the SDK's calls, and what it has no call for. */
export interface CloudPlace {
  organisation: string;
  raw: RawApi;
  send: EscTransport;
}

/** Body, ETag and revision of a definition. */
export async function fetchDefinition(
  { organisation, raw, send }: CloudPlace,
  id: EnvironmentId,
  { revision, decrypt }: { revision: number | string | undefined; decrypt: boolean },
): Promise<EscAnswer> {
  const where = [organisation, id.project, id.name] as const;
  if (revision !== undefined && decrypt) {
    // The SDK knows no such call.
    const path = apiPath`/environments/${organisation}/${id.project}/${id.name}/versions/${revision}/decrypt`;
    return await about(id, send({ method: "GET", path }));
  }
  return await about(
    id,
    raw.call((api, options) => {
      if (decrypt) return api.decryptEnvironment(...where, options);
      if (revision === undefined) return api.getEnvironment(...where, options);
      return api.getEnvironmentAtVersion(...where, String(revision), options);
    }),
  );
}

/** ETag and revision of the newest definition, without it. */
export async function fetchHead({ organisation, raw }: CloudPlace, id: EnvironmentId): Promise<EscAnswer> {
  return await about(
    id,
    raw.call((api, options) => api.getEnvironmentETag(organisation, id.project, id.name, options)),
  );
}

/** An answer 400 without diagnostics: about the request, not about a text. */
export function malformedRequest(): AppError {
  return new AppError("invalid_input", "Pulumi Cloud refused the request as malformed (HTTP 400).", {
    service: "pulumi-esc",
    status: 400,
    hint: "Check the names: letters, digits, -, _ and . only.",
  });
}
