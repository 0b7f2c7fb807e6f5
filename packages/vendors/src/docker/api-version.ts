import { AppError } from "@sophia/core/errors/app-error";
import type { EngineVersion } from "./schema.ts";

/** The versions this client was written against; every field it reads exists in all of them. */
const oldestSpoken = "1.25";
const newestSpoken = "1.56";

/** Versions are pairs of numbers: "1.9" is older than "1.41". Negative when `left` is older. */
export function compareApiVersions(left: string, right: string): number {
  const [leftMajor = 0, leftMinor = 0] = left.split(".").map(Number);
  const [rightMajor = 0, rightMinor = 0] = right.split(".").map(Number);
  return leftMajor - rightMajor || leftMinor - rightMinor;
}

/**
 * The newest version both sides speak. An Engine refuses paths newer than itself, and new Engines drop old versions,
 * so a fixed one fails on one end or the other.
 */
export function negotiateApiVersion(engine: EngineVersion): string {
  if (![engine.apiVersion, engine.minimumApiVersion].every((version) => /^\d{1,3}\.\d{1,4}$/.test(version))) {
    throw new AppError("upstream", "The Docker Engine reports an API version that cannot be read.", {
      service: "docker",
    });
  }
  const chosen = compareApiVersions(engine.apiVersion, newestSpoken) < 0 ? engine.apiVersion : newestSpoken;
  if (compareApiVersions(chosen, oldestSpoken) < 0) {
    throw new AppError("not_configured", `This Docker Engine (API ${engine.apiVersion}) is too old.`, {
      service: "docker",
      hint: `Sophia speaks API ${oldestSpoken} to ${newestSpoken}: use Docker Engine 17.03 or newer.`,
    });
  }
  if (compareApiVersions(chosen, engine.minimumApiVersion) < 0) {
    throw new AppError("not_configured", `This Docker Engine no longer speaks API ${newestSpoken}.`, {
      service: "docker",
      hint: "Update Sophia, or set DOCKER_MIN_API_VERSION on the Engine.",
    });
  }
  return chosen;
}
