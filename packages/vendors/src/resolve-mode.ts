import type { ModeReport } from "@sophia/core/config/service";

/**
 * The one order of precedence: live with all secrets, local with something on this machine that does the job,
 * simulated where that is allowed, off otherwise. `required` maps each variable that `live` needs to its value.
 */
export function resolveMode(options: {
  required: Readonly<Record<string, unknown>>;
  /** Why the job can be done on this machine; absent when it cannot. */
  local?: string | undefined;
  simulate: boolean;
  docsUrl: string;
  /** How else than by an account the service comes to life, e.g. by starting a program. */
  alternative?: string;
}): ModeReport {
  const names = Object.keys(options.required);
  const missing = names.filter((name) => options.required[name] === undefined);
  if (missing.length === 0) return { mode: "live", reason: `${joinNames(names)} set`, fix: "" };
  const alternative = options.alternative === undefined ? "" : `, or ${options.alternative}`;
  const fix = `set ${missing.join(" and ")} (${options.docsUrl})${alternative}`;
  if (options.local !== undefined) return { mode: "local", reason: options.local, fix };
  const reason = `${joinNames(missing)} not set`;
  if (options.simulate) return { mode: "simulated", reason: `${reason}; simulation is allowed`, fix };
  return { mode: "off", reason, fix };
}

function joinNames(names: readonly string[]): string {
  return `${names.join(" and ")} ${names.length === 1 ? "is" : "are"}`;
}
