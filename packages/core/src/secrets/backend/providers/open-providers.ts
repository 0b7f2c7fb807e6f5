import type { OpenProvider } from "../../esc/surroundings.ts";
import { createAwsLoginProvider, createAwsSecretsProvider } from "./aws-providers.ts";
import { createEnvironmentVariablesProvider } from "./environment-variables-provider.ts";
import { createFilesProvider } from "./files-provider.ts";
import { createOnePasswordProvider } from "./one-password-provider.ts";
import { createVaultLoginProvider, createVaultSecretsProvider } from "./vault-providers.ts";
import { createVendorCommand } from "./vendor-command.ts";

export interface OpenProvidersOptions {
  /** Of this process: PATH for the vendors' programs, and what `environment-variables` may read of it. */
  environment: Readonly<Record<string, string | undefined>>;
  /** Names, or beginnings of names with `*` behind. Default: none. */
  allowedVariables?: readonly string[];
  /** Folders whose files may be read. Default: none. */
  allowedFolders?: readonly string[];
  /** Files and folders that are never read, although a folder above them is allowed. */
  refusedFiles?: readonly string[];
}

/** What `fn::open` can read from on this machine. A vendor's program that is absent is told when it is asked. */
export function createOpenProviders(options: OpenProvidersOptions): (name: string) => OpenProvider | undefined {
  const { environment, allowedVariables = [], allowedFolders = [], refusedFiles = [] } = options;
  const command = (program: string, installPage: string) => createVendorCommand({ program, installPage, environment });
  const providers = new Map<string, OpenProvider>([
    ["environment-variables", createEnvironmentVariablesProvider({ environment, allowed: allowedVariables })],
    ["files", createFilesProvider({ allowedFolders, refused: refusedFiles })],
    ["1password-secrets", createOnePasswordProvider(command("op", "https://developer.1password.com/docs/cli"))],
    ["vault-login", createVaultLoginProvider()],
    ["vault-secrets", createVaultSecretsProvider(command("vault", "https://developer.hashicorp.com/vault/install"))],
    ["aws-login", createAwsLoginProvider()],
    ["aws-secrets", createAwsSecretsProvider(command("aws", "https://aws.amazon.com/cli/"))],
  ]);
  return (name) => providers.get(name);
}
