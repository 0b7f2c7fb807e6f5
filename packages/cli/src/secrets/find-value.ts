import { AppError } from "@sophia/core/errors/app-error";
import type { EscEnvironment } from "@sophia/core/secrets/esc/evaluation";
import { formatPropertyPath } from "@sophia/core/secrets/esc/property-path";
import type { PropertyPath } from "@sophia/core/secrets/esc/property-path";
import type { EscValue } from "@sophia/core/secrets/esc/value";

const nowhere = { line: 0, column: 0, byte: 0 };

/** All that an environment comes to, as one value. */
export function toRootValue({ properties }: EscEnvironment): EscValue {
  return { value: properties, trace: { def: { begin: nowhere, end: nowhere } } };
}

/** Undefined when there is nothing at the path. A part of a secret is one, whether it is marked itself or not. */
export function findValue(environment: EscEnvironment, path: Readonly<PropertyPath>): EscValue | undefined {
  let value = toRootValue(environment);
  for (const accessor of path) {
    const part = findPart(value, accessor);
    if (part === undefined) return undefined;
    value = value.secret === true ? { ...part, secret: true } : part;
  }
  return value;
}

function findPart({ value }: EscValue, accessor: string | number): EscValue | undefined {
  const repr: unknown = value;
  if (repr instanceof Map) return repr.get(String(accessor)) as EscValue | undefined;
  return Array.isArray(repr) ? (repr as EscValue[])[Number(accessor)] : undefined;
}

/** Throws AppError `not_found` that lists what is there instead. */
export function requireValue(environment: EscEnvironment, path: PropertyPath): EscValue {
  const found = findValue(environment, path);
  if (found !== undefined) return found;
  const parent = findValue(environment, path.slice(0, -1));
  const repr: unknown = parent?.value;
  // The keys of a secret are as secret as its values.
  const keys = repr instanceof Map && parent?.secret !== true ? [...(repr as Map<string, unknown>).keys()] : [];
  const hint =
    keys.length === 0
      ? "`secrets get` without a path shows all there is."
      : `There are: ${keys.slice(0, 20).join(", ")}.`;
  throw new AppError("not_found", `There is nothing at ${formatPropertyPath(path)}.`, { hint });
}
