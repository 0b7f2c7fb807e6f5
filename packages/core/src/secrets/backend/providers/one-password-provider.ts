import { AppError } from "../../../errors/app-error.ts";
import { fromPlainData } from "../../esc/from-plain.ts";
import type { OpenProvider } from "../../esc/surroundings.ts";
import { mapOf, objectOf, secretText, text } from "./provider-schemas.ts";
import { readEntries, readMap, requireText, toInputs } from "./read-inputs.ts";
import type { VendorCommand } from "./vendor-command.ts";

/** Inputs as https://www.pulumi.com/docs/esc/integrations/dynamic-secrets/1password-secrets/ has them. */
export function createOnePasswordProvider(op: VendorCommand): OpenProvider {
  return {
    schema: () => ({
      inputs: objectOf({
        login: objectOf({ serviceAccountToken: secretText }),
        get: mapOf(objectOf({ ref: text })),
      }),
      outputs: mapOf(secretText),
    }),
    async open(inputs, { signal }) {
      const token = requireText(readMap(inputs, "login"), "serviceAccountToken");
      const values = new Map<string, string>();
      for (const [name, entry] of readEntries(inputs, "get")) {
        const reference = requireText(toInputs(entry), "ref");
        if (!reference.startsWith("op://")) throw badReference(name);
        // https://developer.1password.com/docs/cli/reference/commands/read
        const parameters = ["read", "--no-newline", reference];
        values.set(name, await op.run({ name, parameters, environment: { OP_SERVICE_ACCOUNT_TOKEN: token }, signal }));
      }
      return fromPlainData(values, { secret: true });
    },
  };
}

function badReference(name: string): AppError {
  return new AppError("invalid_input", `get.${name}.ref is no reference of 1Password.`, {
    hint: "References look like op://vault/item/field.",
  });
}
