import { AppError } from "../../../errors/app-error.ts";
import { fromPlainData } from "../../esc/from-plain.ts";
import { alwaysSchema } from "../../esc/schema/schema.ts";
import type { EscInputs, OpenProvider } from "../../esc/surroundings.ts";
import { mapOf, objectOf, secretText, text } from "./provider-schemas.ts";
import { readEntries, readMap, readText, requireText, toInputs } from "./read-inputs.ts";
import type { VendorCommand } from "./vendor-command.ts";

const loopback = /^(localhost|127(\.\d+){3}|\[::1\])$/;
const login = objectOf({ address: text, token: secretText, namespace: text }, ["namespace"]);

/**
 * The static form of https://www.pulumi.com/docs/esc/providers/login/vault-login/: the token is handed on as it is.
 * There is no identity here that OpenID Connect could vouch for.
 */
export function createVaultLoginProvider(): OpenProvider {
  return {
    schema: () => ({
      inputs: objectOf(
        {
          address: text,
          namespace: text,
          token: { type: "object", properties: new Map([["token", secretText]]), required: ["token"] },
        },
        ["namespace"],
      ),
      outputs: login,
    }),
    open(inputs) {
      const namespace = readText(inputs, "namespace");
      const token = requireText(readMap(inputs, "token"), "token");
      const found = { address: readAddress(inputs), token, ...(namespace !== undefined && { namespace }) };
      return Promise.resolve(fromPlainData(found, { secret: true }));
    },
  };
}

/** Inputs as https://www.pulumi.com/docs/esc/integrations/dynamic-secrets/vault-secrets/ has them. */
export function createVaultSecretsProvider(vault: VendorCommand): OpenProvider {
  return {
    schema: () => ({
      inputs: objectOf({ login, read: mapOf(objectOf({ path: text, field: text }, ["field"])) }),
      outputs: { type: "object", additionalProperties: alwaysSchema, secret: true },
    }),
    async open(inputs, { signal }) {
      const environment = toEnvironment(readMap(inputs, "login"));
      const values = new Map<string, unknown>();
      for (const [name, entry] of readEntries(inputs, "read")) {
        const asked = toInputs(entry);
        const path = requireText(asked, "path");
        if (path.startsWith("-")) throw badPath(name);
        // https://developer.hashicorp.com/vault/docs/commands/read
        const output = await vault.run({ name, parameters: ["read", "-format=json", path], environment, signal });
        values.set(name, pick(output, name, readText(asked, "field")));
      }
      return fromPlainData(values, { secret: true });
    },
  };
}

function toEnvironment(given: EscInputs): Record<string, string> {
  const namespace = readText(given, "namespace");
  return {
    VAULT_ADDR: readAddress(given),
    VAULT_TOKEN: requireText(given, "token"),
    ...(namespace !== undefined && { VAULT_NAMESPACE: namespace }),
  };
}

function readAddress(inputs: EscInputs): string {
  const address = requireText(inputs, "address");
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url?.protocol === "https:" || (url?.protocol === "http:" && loopback.test(url.hostname))) return address;
  throw new AppError("invalid_input", "The address of a Vault begins with https://.", {
    hint: "Without TLS only a Vault on this machine is spoken to: the token would be sent in the clear.",
  });
}

/** Vault answers `{data: …}`; a version 2 key/value store has another `data` and `metadata` inside it. */
function pick(output: string, name: string, field: string | undefined): unknown {
  const answer = parse(output, name);
  const data = isRecord(answer) ? answer["data"] : undefined;
  if (field === undefined && data !== undefined) return data;
  const holder = isRecord(data) && isRecord(data["data"]) && !Object.hasOwn(data, field ?? "") ? data["data"] : data;
  if (field !== undefined && isRecord(holder) && Object.hasOwn(holder, field)) return holder[field];
  throw new AppError("not_found", `Vault has nothing of that name for read.${name}.`, {
    hint: "Check path and field; a version 2 store has /data/ in its paths.",
  });
}

function parse(output: string, name: string): unknown {
  try {
    return JSON.parse(output);
  } catch {
    throw new AppError("upstream", `vault gave no JSON for read.${name}.`, {
      hint: "Update the vault program.",
      retryable: false,
    });
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function badPath(name: string): AppError {
  return new AppError("invalid_input", `read.${name}.path is no path.`, { hint: "For example secret/data/shop." });
}
