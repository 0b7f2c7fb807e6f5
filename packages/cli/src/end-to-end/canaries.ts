import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isSecretSchema } from "@sophia/core/config/parse-config";
import { services } from "@sophia/vendors/registry";
import fc from "fast-check";
import { secretForms } from "../../../core/src/testing/secret-forms.ts";
import { listSettingsSections } from "../generate/settings-sections.ts";

export interface Canary {
  variable: string;
  /** What the variable is set to. */
  value: string;
  /** The part of it that must be seen nowhere. */
  secret: string;
}

/** Where a shape says too little to make a whole key from it. */
const templates: Readonly<Record<string, (secret: string) => string>> = {
  SNOWFLAKE_TOKEN: (secret) => `ey${secret}.${secret}.${secret}`,
  SNOWFLAKE_PRIVATE_KEY: (secret) => `-----BEGIN PRIVATE KEY-----\n${secret}\n-----END PRIVATE KEY-----`,
  SOPHIA_REDIS_URL: (secret) => `redis://default:${secret}@127.0.0.1:1/0`,
  SOPHIA_DATABASE_URL: (secret) => `postgresql://sophia:${secret}@127.0.0.1:1/sophia`,
};

/** A value of its own for every secret among the settings, and a password in every address that may carry one. */
export function plantCanaries(): Canary[] {
  const fields = listSettingsSections().flatMap(({ settings }) => Object.entries(settings.shape));
  const secrets = fields.filter(([, field]) => isSecretSchema(field)).map(([name]) => name);
  const addresses = fields.map(([name]) => name).filter((name) => /_(?:URL|ENDPOINT)$/.test(name));
  return [...new Set([...secrets, ...addresses])].map((variable, index) => {
    const shape = services.flatMap(({ keyShape }) => keyShape).find((known) => known.variable === variable);
    const secret = fc.sample(fc.stringMatching(/^[0-9a-f]{48}$/), { seed: 7_000 + index, numRuns: 1 })[0] ?? "";
    const template = templates[variable];
    if (template) return { variable, value: template(secret), secret };
    if (addresses.includes(variable)) return { variable, value: `https://user:${secret}@127.0.0.1:1/v1`, secret };
    if (shape === undefined) return { variable, value: secret, secret };
    const [key = ""] = fc.sample(fc.stringMatching(shape.pattern), { seed: 9_000 + index, numRuns: 1 });
    return { variable, value: key, secret: key };
  });
}

/** Each place in which one of the canaries stands, in whatever spelling: "name: VARIABLE". */
export function findCanaries(canaries: readonly Canary[], places: ReadonlyMap<string, string>): string[] {
  const forms = canaries.map(({ variable, secret }) => ({ variable, forms: secretForms(secret) }));
  return [...places].flatMap(([name, text]) =>
    forms
      .filter((known) => known.forms.some((form) => text.includes(form)))
      .map(({ variable }) => `${name}: ${variable}`),
  );
}

/** Every file below the folder, byte for byte. */
export function readAllFiles(folder: string): Map<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    files.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [path, readFileSync(path, "latin1")];
    }),
  );
}
