import type { Finding } from "./finding.ts";
import type { RestartRecord } from "./restart-history.ts";
import type { ServerHealth } from "./server-directory.ts";

/** What is wrong with one of the four servers, most urgent first; a single `none` when nothing is. */
export function findServerCauses(
  health: ServerHealth,
  restarts: readonly RestartRecord[],
  supervised: boolean,
): Finding[] {
  const restart = supervised ? "plan_change can restart it." : "No supervisor runs here: start it with `npm start`.";
  const findings: Finding[] = [];
  if (health.state === "unreachable") {
    findings.push({ cause: "server_unreachable", likelihood: "certain", evidence: [health.detail], nextStep: restart });
  }
  const broken = health.checks.filter((check) => !check.ok);
  for (const check of broken) {
    findings.push({
      cause: "check_failing",
      likelihood: check.required ? "certain" : "likely",
      evidence: [`${check.name}: ${check.detail}${check.required ? "" : " (not required)"}`],
      nextStep: "Remove the cause this check names; a restart alone seldom does.",
    });
  }
  if (health.state === "unhealthy" && broken.length === 0) {
    findings.push({ cause: "check_failing", likelihood: "likely", evidence: [health.detail], nextStep: restart });
  }
  if (restarts.length >= 3) {
    findings.push({
      cause: "restarted_often",
      likelihood: "certain",
      evidence: [`Restarted ${restarts.length} times through Sophia within a day.`],
      nextStep: "Look for the cause instead of restarting it again.",
    });
  }
  if (findings.length > 0) return findings;
  return [{ cause: "none", likelihood: "certain", evidence: [health.detail], nextStep: "Nothing to do." }];
}
