import { z } from "zod";
import { AppError } from "../../../errors/app-error.ts";
import { fromPlainData } from "../../esc/from-plain.ts";
import type { EscInputs, OpenProvider } from "../../esc/surroundings.ts";
import { mapOf, objectOf, secretText, text } from "./provider-schemas.ts";
import { readEntries, readMap, readText, requireText, toInputs } from "./read-inputs.ts";
import type { VendorCommand } from "./vendor-command.ts";

const login = objectOf({ accessKeyId: secretText, secretAccessKey: secretText, sessionToken: secretText }, [
  "sessionToken",
]);

/** https://docs.aws.amazon.com/cli/latest/reference/secretsmanager/get-secret-value.html */
const SecretAnswer = z.object({ SecretString: z.string().optional(), SecretBinary: z.string().optional() });

/**
 * The static form of https://www.pulumi.com/docs/esc/providers/login/aws-login/: the keys are handed on as they are.
 * There is no identity here that OpenID Connect could vouch for.
 */
export function createAwsLoginProvider(): OpenProvider {
  return {
    schema: () => ({ inputs: objectOf({ static: login }), outputs: login }),
    open: (inputs) => Promise.resolve(fromPlainData(readLogin(readMap(inputs, "static")), { secret: true })),
  };
}

/** Inputs as https://www.pulumi.com/docs/esc/integrations/dynamic-secrets/aws-secrets/ has them. */
export function createAwsSecretsProvider(aws: VendorCommand): OpenProvider {
  return {
    schema: () => ({
      inputs: objectOf({
        region: text,
        login,
        get: mapOf(objectOf({ secretId: text, versionId: text, versionStage: text }, ["versionId", "versionStage"])),
      }),
      outputs: mapOf(secretText),
    }),
    async open(inputs, { signal }) {
      const environment = toEnvironment(readMap(inputs, "login"));
      const region = requireText(inputs, "region");
      const values = new Map<string, string>();
      for (const [name, entry] of readEntries(inputs, "get")) {
        const parameters = toParameters(toInputs(entry), region);
        values.set(name, readSecret(await aws.run({ name, parameters, environment, signal }), name));
      }
      return fromPlainData(values, { secret: true });
    },
  };
}

/** With `=`, so that a value that begins with a dash is not taken for an option. */
function toParameters(asked: EscInputs, region: string): string[] {
  const [versionId, versionStage] = [readText(asked, "versionId"), readText(asked, "versionStage")];
  return [
    "secretsmanager",
    "get-secret-value",
    "--output=json",
    `--region=${region}`,
    `--secret-id=${requireText(asked, "secretId")}`,
    ...(versionId === undefined ? [] : [`--version-id=${versionId}`]),
    ...(versionStage === undefined ? [] : [`--version-stage=${versionStage}`]),
  ];
}

function readLogin(given: EscInputs): { accessKeyId: string; secretAccessKey: string; sessionToken?: string } {
  const sessionToken = readText(given, "sessionToken");
  return {
    accessKeyId: requireText(given, "accessKeyId"),
    secretAccessKey: requireText(given, "secretAccessKey"),
    ...(sessionToken !== undefined && { sessionToken }),
  };
}

/** Only the login that the environment gives: no profile of this user, and no role of this machine. */
function toEnvironment(given: EscInputs): Record<string, string> {
  const { accessKeyId, secretAccessKey, sessionToken } = readLogin(given);
  return {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    ...(sessionToken !== undefined && { AWS_SESSION_TOKEN: sessionToken }),
    AWS_CONFIG_FILE: "/dev/null",
    AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_PAGER: "",
  };
}

function readSecret(output: string, name: string): string {
  try {
    const { SecretString, SecretBinary } = SecretAnswer.parse(JSON.parse(output));
    if (SecretString !== undefined) return SecretString;
    if (SecretBinary !== undefined) return Buffer.from(SecretBinary, "base64").toString("utf8");
  } catch {
    // Without the cause: it quotes the text.
  }
  throw new AppError("upstream", `aws gave no secret for get.${name}.`, {
    hint: "Update the aws program, and check that the secret holds text.",
    retryable: false,
  });
}
