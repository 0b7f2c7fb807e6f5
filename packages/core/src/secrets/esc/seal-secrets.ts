import { wrapCiphertext } from "./ciphertext-envelope.ts";
import { findSecrets } from "./editing/find-secrets.ts";
import type { SecretCall } from "./editing/find-secrets.ts";
import { parseForEditing } from "./editing/yaml-document.ts";
import type { Crypter } from "./surroundings.ts";
import { textToBytes } from "./text/text-bytes.ts";

/**
 * A definition in which the text of every `fn::secret` has become ciphertext. The rest of the text stays as it is,
 * character for character. Throws invalid_input for what is no YAML, and what the crypter throws.
 */
export async function sealSecrets(source: string, crypter: Crypter): Promise<string> {
  let sealed = "";
  let at = 0;
  for (const call of findSecrets(parseForEditing(source), source)) {
    if (call.plaintext === undefined) continue;
    const ciphertext = wrapCiphertext(await crypter.encrypt(textToBytes(call.plaintext)));
    sealed += source.slice(at, call.start) + formatSealed(call, ciphertext);
    at = call.end;
  }
  return sealed + source.slice(at);
}

function formatSealed({ isFlow, column, endsLine }: SecretCall, ciphertext: string): string {
  if (isFlow) return ` { ciphertext: ${ciphertext} }`;
  return `\n${" ".repeat(column + 2)}ciphertext: ${ciphertext}${endsLine ? "\n" : ""}`;
}
