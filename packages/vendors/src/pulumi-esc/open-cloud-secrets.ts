import { parseConfig } from "@sophia/core/config/parse-config";
import type { EnvironmentId } from "@sophia/core/secrets/backend/secret-backend";
import { stages } from "@sophia/core/secrets/settings/group-environments";
import type { OpenCloud } from "@sophia/core/secrets/settings/secret-store";
import { pulumiEsc } from "./service.ts";

/** Pulumi Cloud as the store of secrets, where PULUMI_ACCESS_TOKEN and PULUMI_ESC_ENVIRONMENT are set. Throws ConfigError. */
export const openCloudSecrets: OpenCloud = async (environment, { clock, log }) => {
  const { PULUMI_ACCESS_TOKEN, PULUMI_ESC_ENVIRONMENT, PULUMI_BACKEND_URL } = parseConfig(
    [pulumiEsc.config],
    environment,
  );
  if (PULUMI_ACCESS_TOKEN === undefined || PULUMI_ESC_ENVIRONMENT === undefined) return undefined;
  const [organisation = "", project = "", name = ""] = PULUMI_ESC_ENVIRONMENT.split("/");
  // The SDK behind it is heavy: only an installation that uses it loads it.
  const { createCloudBackend } = await import("./cloud-backend.ts");
  return {
    backend: createCloudBackend({
      organisation,
      token: PULUMI_ACCESS_TOKEN,
      baseUrl: PULUMI_BACKEND_URL,
      clock,
      log,
    }),
    locate: (id) => locate(id, { project, name }),
  };
};

/** In our hierarchy each environment keeps its name; an environment of another name is taken for all of them. */
function locate(id: EnvironmentId, configured: EnvironmentId): EnvironmentId {
  const isOurs = stages.some((stage) => configured.name === `sophia-ai-${stage}`);
  return isOurs ? { project: configured.project, name: id.name } : configured;
}
