import { AppError } from "../../errors/app-error.ts";
import { unwrapCiphertext } from "./ciphertext-envelope.ts";
import { findSecrets } from "./editing/find-secrets.ts";
import { createNode, escapeControls, parseForEditing } from "./editing/yaml-document.ts";
import type { Crypter } from "./surroundings.ts";
import { bytesToText } from "./text/text-bytes.ts";

/**
 * A definition in which the ciphertext of every `fn::secret` below `values` has become text again: for an editor. The
 * rest stays as it is. Throws invalid_input for what is no YAML or no ciphertext, and what the crypter throws.
 */
export async function openSecrets(source: string, crypter: Crypter): Promise<string> {
  let opened = "";
  let at = 0;
  for (const call of findSecrets(parseForEditing(source), source)) {
    if (call.ciphertext === undefined || !call.isValue) continue;
    const unwrapped = unwrapCiphertext(call.ciphertext);
    if ("error" in unwrapped) {
      const line = source.slice(0, call.start).split("\n").length;
      throw new AppError("invalid_input", `The ciphertext at line ${line} is damaged: ${unwrapped.error}.`, {
        hint: "Set the secret again, or roll back to a revision in which it is whole.",
      });
    }
    const text = bytesToText(await crypter.decrypt(unwrapped.ciphertext));
    opened += `${source.slice(at, call.start)} ${formatText(text)}${call.endsLine ? "\n" : ""}`;
    at = call.end;
  }
  return opened + source.slice(at);
}

/** On one line whatever it is, so that nothing around it has to move. */
function formatText(text: string): string {
  const node = createNode(text);
  const isPlain = "type" in node && node.type === "PLAIN";
  return isPlain ? text : escapeControls(JSON.stringify(text));
}
