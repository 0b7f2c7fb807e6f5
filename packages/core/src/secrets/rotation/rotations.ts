import { AppError } from "../../errors/app-error.ts";
import type { Rotations, RotationsOptions } from "./rotation-types.ts";

export type * from "./rotation-types.ts";
export type { RotationTarget } from "./rotator.ts";

/** The machinery of rotation over one store of environments. One per process; jobs run where `jobs` is started. */
export function createRotations(options: RotationsOptions): Rotations {
  throw new AppError("internal", `Rotation in ${options.backend.location} is not there yet.`);
}
