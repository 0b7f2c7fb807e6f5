import { readFileSync } from "node:fs";
import { AppError } from "../../errors/app-error.ts";

/** `up` hands a server its credential over an inherited pipe: neither `ps` nor the environment shows it. */
export const inheritedCredential = "/dev/fd/4";

/** The credential in a file, or in a descriptor that this process inherited. Throws AppError `not_configured`. */
export function readCredentialFile(path: string): string {
  const descriptor = /^\/dev\/fd\/(\d{1,4})$/.exec(path)?.[1];
  try {
    // By its number: Node's pipes are sockets, which cannot be opened by path.
    return readFileSync(descriptor === undefined ? path : Number(descriptor), "utf8").trim();
  } catch (thrown) {
    throw new AppError("not_configured", `The credential for secrets could not be read from ${path}.`, {
      hint: "SOPHIA_SECRETS_CREDENTIAL_FILE names the file; `secrets credential` writes one.",
      cause: thrown,
    });
  }
}
