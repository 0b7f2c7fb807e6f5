import { unwrap } from "@sophia/core/config/secret";
import { type NewValue, setValue } from "@sophia/core/secrets/esc/edit-source";
import { formatPropertyPath } from "@sophia/core/secrets/esc/property-path";
import type { ChosenValue } from "./choose-value.ts";
import { toDocumentPath } from "./document-path.ts";
import type { SetTarget } from "./set-target.ts";

/** The definition with the value at its place; one of Sophia's own variables also gets its name for programs. */
export function writeInto(yaml: string, { path, place }: SetTarget, value: ChosenValue): string {
  const written = setValue(yaml, toDocumentPath(path), toNewValue(value));
  if (place === undefined) return written;
  const reference = { yaml: JSON.stringify(`\${${formatPropertyPath(path)}}`) };
  return setValue(written, ["values", "environmentVariables", place.variable], reference);
}

function toNewValue({ text, isSecret, isYaml }: ChosenValue): NewValue {
  if (isSecret) return { secret: text };
  const plain = unwrap(text);
  return isYaml && plain !== "" ? { yaml: plain } : { text: plain };
}
