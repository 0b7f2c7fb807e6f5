import { describe, expect, it } from "vitest";
import { findContainerCauses, type ContainerFacts } from "./container-findings.ts";

const running: ContainerFacts = {
  state: "running",
  exitCode: 0,
  outOfMemoryKilled: false,
  startError: "",
  restartCount: 0,
  restartPolicy: "no",
  health: undefined,
  memory: undefined,
  lastLines: [],
  startsInLastHour: 1,
  canRestart: false,
};
const exited = { ...running, state: "exited" };
const sick = { status: "unhealthy", failingStreak: 4, lastOutput: "", lastExitCode: 1 };

describe("findContainerCauses", () => {
  it.each<[string, ContainerFacts, string[]]>([
    ["runs, no health check", running, ["none"]],
    [
      "is healthy, whatever its log says",
      { ...running, health: { ...sick, status: "healthy" }, lastLines: ["ECONNREFUSED once"] },
      ["none"],
    ],
    ["has just started", { ...running, health: { ...sick, status: "starting" } }, ["starting"]],
    ["is unhealthy", { ...running, health: sick }, ["health_check_failing"]],
    [
      "is unhealthy because its database is away",
      { ...running, health: sick, lastLines: ["connect ECONNREFUSED 10.0.0.5:5432"] },
      ["dependency_unreachable", "health_check_failing"],
    ],
    ["was killed for memory", { ...exited, exitCode: 137, outOfMemoryKilled: true }, ["out_of_memory"]],
    ["was killed by somebody", { ...exited, exitCode: 137 }, ["killed"]],
    ["was stopped", { ...exited, exitCode: 143 }, ["stopped"]],
    ["finished", exited, ["stopped"]],
    ["lacks its program", { ...exited, exitCode: 127 }, ["command_not_found"]],
    ["cannot execute it", { ...exited, exitCode: 126 }, ["not_executable"]],
    ["crashed", { ...exited, exitCode: 139 }, ["crashed"]],
    [
      "gave up with a full disk",
      { ...exited, exitCode: 1, lastLines: ["write: No space left on device", "bye"] },
      ["disk_full", "application_error"],
    ],
    [
      "gave up without configuration",
      { ...exited, exitCode: 1, lastLines: ["Error: DATABASE_URL environment variable is not set"] },
      ["configuration_missing", "application_error"],
    ],
    ["was never started", { ...running, state: "created" }, ["stopped"]],
    [
      "could not bind its port",
      { ...running, state: "created", startError: "driver failed: port is already allocated" },
      ["port_in_use"],
    ],
    [
      "could not find its command",
      { ...running, state: "created", exitCode: 127, startError: 'exec: "x": executable file not found in $PATH' },
      ["command_not_found"],
    ],
    [
      "is of another architecture",
      { ...running, state: "exited", startError: "exec format error" },
      ["not_executable"],
    ],
    [
      "restarts again and again",
      { ...running, state: "restarting", exitCode: 1, restartCount: 7, restartPolicy: "always" },
      ["restart_loop", "application_error"],
    ],
    ["was started five times in an hour", { ...running, startsInLastHour: 5 }, ["restart_loop"]],
    ["is paused", { ...running, state: "paused" }, ["paused"]],
    ["is nearly out of memory", { ...running, memory: { usedBytes: 95, limitBytes: 100 } }, ["memory_nearly_full"]],
    ["uses half its memory", { ...running, memory: { usedBytes: 50, limitBytes: 100 } }, ["none"]],
  ])("%s", (_name, facts, causes) => {
    const findings = findContainerCauses(facts);
    expect(findings.map((finding) => finding.cause)).toEqual(causes);
    for (const finding of findings) {
      expect(finding.nextStep).not.toBe("");
      expect(finding.evidence.length).toBeGreaterThan(0);
    }
  });

  it("offers a restart only where one is allowed", () => {
    const offer = (canRestart: boolean) => findContainerCauses({ ...running, health: sick, canRestart })[0]?.nextStep;
    expect(offer(true)).toContain("plan_change");
    expect(offer(false)).not.toContain("plan_change");
  });

  it("quotes the newest line that names a reason, and calls it likely, not certain", () => {
    const lines = ["EADDRINUSE :80", "EADDRINUSE :81", "end"];
    expect(findContainerCauses({ ...exited, exitCode: 1, lastLines: lines })[0]).toMatchObject({
      likelihood: "likely",
      evidence: ["Log: EADDRINUSE :81"],
    });
  });
});
