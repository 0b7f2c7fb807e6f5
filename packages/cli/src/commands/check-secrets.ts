import { formatCommand } from "@sophia/core/config/command-line";
import { toAppError } from "@sophia/core/errors/app-error";
import { systemClock } from "@sophia/core/limits/clock";
import { formatEnvironmentId } from "@sophia/core/secrets/backend/environment-id";
import { composedEnvironment } from "@sophia/core/secrets/settings/group-environments";
import { openSecretStore } from "@sophia/core/secrets/settings/secret-store";
import { openCloudSecrets } from "@sophia/vendors/pulumi-esc/open-cloud-secrets";
import type { CommandContext } from "./command-context.ts";
import type { MachineReport } from "./doctor.ts";

const name = "Secrets";

/** Where secrets come from, and whether the stage's environment is there. */
export async function checkSecrets({ environment, config, log }: CommandContext): Promise<MachineReport> {
  try {
    const store = await openSecretStore({
      environment,
      author: "doctor",
      clock: systemClock,
      log,
      openCloud: openCloudSecrets,
    });
    if (store === undefined) {
      const fix = `${formatCommand("secrets init")} makes a store of secrets; ${formatCommand("secrets import .env")} fills it.`;
      return { name, state: "missing", detail: "from the environment only", fix };
    }
    const { backend } = store;
    const id = store.locate(composedEnvironment(store.config.stage));
    const { revision } = await backend.get(id);
    const place = `${formatEnvironmentId(id)}, revision ${revision}, in ${backend.location}`;
    const stored = config.storedSettings;
    return { name, state: "ok", detail: `${place}: ${stored.length === 0 ? "nothing" : stored.join(", ")}`, fix: "" };
  } catch (thrown) {
    const { kind, message, hint = "" } = toAppError(thrown);
    if (kind !== "not_found") return { name, state: "failed", detail: message, fix: hint };
    const fix = `Make it with ${formatCommand(`secrets init --stage ${config.platform.stage}`)}, or choose another SOPHIA_SECRETS_STAGE.`;
    return { name, state: "missing", detail: `no environment for the stage ${config.platform.stage}`, fix };
  }
}
