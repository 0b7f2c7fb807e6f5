import type { RotationTarget } from "./rotation-types.ts";

/**
 * Where the administrator's credential for a service is looked for: beside `project/stores-production` stands
 * `project/rotation-production`, which no server opens, and in it `<service>.administrator`.
 */
export function findAdministratorPlace(target: RotationTarget): Pick<RotationTarget, "environment" | "path"> {
  const { project, name } = target.environment;
  const stage = name.slice(name.lastIndexOf("-") + 1);
  return { environment: { project, name: `rotation-${stage}` }, path: `${target.service}.administrator` };
}
