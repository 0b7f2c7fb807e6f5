import { type Secret, unwrap } from "../../config/secret.ts";
import { AppError } from "../../errors/app-error.ts";
import type { RotationParts } from "./rotation-parts.ts";
import type { CheckedBy, RotatedService, RotationTarget } from "./rotation-types.ts";
import { readSettingsBeside } from "./served-secret.ts";

interface KeyToCheck {
  service: RotatedService;
  value: Secret;
  signal: AbortSignal;
}

type CheckParts = Pick<RotationParts, "backend" | "log" | "overrides">;

/**
 * Whether a key that a person made works: by the service's probe, else by its shape, else not at all. Says how it was
 * checked. Throws AppError `denied` or `invalid_input`.
 */
export async function checkKey(
  parts: CheckParts,
  target: RotationTarget,
  { service, value, signal }: KeyToCheck,
): Promise<CheckedBy> {
  const { variable } = target;
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
  const probe = await prepareProbe(parts, target, service);
  if (!probe) return shape ? "shape" : "nothing";
  await probe(value, signal);
  return "probe";
}

type Probe = (value: Secret, signal: AbortSignal) => Promise<void>;

/**
 * The service's probe, for the place where the users of a key look for the service; undefined when it has none. An
 * error from here is the store's, and none from the probe itself is.
 */
export async function prepareProbe(
  { backend, log, overrides = {} }: CheckParts,
  target: RotationTarget,
  service: RotatedService,
): Promise<Probe | undefined> {
  if (!service.probeKey) return undefined;
  const given = Object.entries(overrides).filter(([, value]) => (value ?? "").trim() !== "");
  const settings = { ...(await readSettingsBeside(backend, target)), ...Object.fromEntries(given) };
  return async (value, signal) => service.probeKey?.(target.variable, value, { settings, log, signal });
}
