import { stringSchema } from "../schema/build-schema.ts";
import { unwrapCiphertext } from "../ciphertext-envelope.ts";
import { bytesToText } from "../text/text-bytes.ts";
import type { BuiltinCall } from "./builtin-call.ts";
import { describeFailure } from "./describe-failure.ts";
import { createValue } from "./nodes.ts";
import type { ValueNode } from "./nodes.ts";

const text = stringSchema();

/** A secret: its plaintext, or its ciphertext opened. Ciphertext stays unknown where secrets are not to be shown. */
export async function callSecret(call: BuiltinCall): Promise<ValueNode> {
  const { scope, node, form } = call;
  const ciphertext = form.expression.operands.get("ciphertext");
  if (ciphertext === undefined) return scope.run.evaluate(scope, call.operand("plaintext"), text);
  const value = createValue(node, node.schema, { secret: true });
  const envelope = ciphertext.kind === "literal" && typeof ciphertext.value === "string" ? ciphertext.value : "";
  const unwrapped = unwrapCiphertext(envelope);
  if ("error" in unwrapped) call.fail(`invalid ciphertext: ${unwrapped.error}`);
  if ("error" in unwrapped || !scope.run.decryptsSecrets) {
    value.unknown = true;
    return value;
  }
  try {
    value.repr = bytesToText(await scope.crypter.decrypt(unwrapped.ciphertext));
  } catch (thrown) {
    call.fail(`decrypting: ${describeFailure(scope.run, thrown)}`);
    value.unknown = true;
  }
  return value;
}
