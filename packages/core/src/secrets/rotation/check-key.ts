import { type Secret, unwrap } from "../../config/secret.ts";
import { AppError } from "../../errors/app-error.ts";
import type { CheckedBy, RotatedService } from "./rotation-types.ts";

/**
 * Whether a key that a person made works: by the service's probe, else by its shape, else not at all. Says how it was
 * checked. Throws AppError `denied` or `invalid_input`.
 */
export async function checkKey(
  service: RotatedService,
  variable: string,
  { value, signal }: { value: Secret; signal: AbortSignal },
): Promise<CheckedBy> {
  const text = unwrap(value);
  if (text === "" || text !== text.trim() || /[\r\n\0]/.test(text)) {
    throw new AppError("invalid_input", "A key is one line without blanks around it.", { hint: "Copy the key alone." });
  }
  const shape = service.keyShape.find((each) => each.variable === variable);
  if (shape && !shape.pattern.test(text)) {
    throw new AppError("invalid_input", `That does not look like a key for ${variable}.`, {
      hint: `Keys for ${service.title} are made at ${service.docsUrl}.`,
    });
  }
  if (!service.probeKey) return shape ? "shape" : "nothing";
  await service.probeKey(variable, value, signal);
  return "probe";
}
