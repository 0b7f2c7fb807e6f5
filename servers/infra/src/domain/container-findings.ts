import type { CauseClass, Finding } from "./finding.ts";

/** What is known of one container when it is judged. Texts are redacted already. */
export interface ContainerFacts {
  state: string;
  exitCode: number;
  outOfMemoryKilled: boolean;
  startError: string;
  restartCount: number;
  restartPolicy: string;
  health: { status: string; failingStreak: number; lastOutput: string; lastExitCode: number } | undefined;
  memory: { usedBytes: number; limitBytes: number } | undefined;
  /** Oldest first. */
  lastLines: readonly string[];
  /** Times the Engine started it within the last hour. */
  startsInLastHour: number;
  canRestart: boolean;
}

const logRules: readonly { cause: CauseClass; pattern: RegExp; nextStep: string }[] = [
  {
    cause: "disk_full",
    pattern: /\bENOSPC\b|no space left on device|disk (?:is )?full/i,
    nextStep: "Free space on the volume or host, then restart it.",
  },
  {
    cause: "port_in_use",
    pattern: /\bEADDRINUSE\b|address already in use|port is already allocated/i,
    nextStep: "Find what holds the port; change one of the two ports.",
  },
  {
    cause: "out_of_memory",
    pattern: /heap out of memory|\bOutOfMemoryError\b|cannot allocate memory|\bMemoryError\b|std::bad_alloc/i,
    nextStep: "Raise its memory limit or lower what it keeps in memory.",
  },
  {
    cause: "dependency_unreachable",
    pattern:
      /\bECONNREFUSED\b|connection refused|\bENOTFOUND\b|could not translate host name|name or service not known|no route to host|\bETIMEDOUT\b/i,
    nextStep: "Check the service it cannot reach (list_resources, diagnose), then restart this one.",
  },
  {
    cause: "permission_denied",
    pattern: /\bEACCES\b|\bEPERM\b|permission denied|operation not permitted/i,
    nextStep: "Check the owner of its mounted folders and the user it runs as.",
  },
  {
    cause: "configuration_missing",
    pattern:
      /(?:missing|required|undefined|not set|must be set)\b.{0,60}\b(?:environment|env|variable|config|setting)|(?:environment|env|variable|config\w*|setting)\b.{0,60}\b(?:missing|required|not set|must be set|invalid)/i,
    nextStep: "Set what it asks for in its environment and recreate it.",
  },
];

/** The causes that the facts support, strongest first; a single `none` when nothing is wrong. */
export function findContainerCauses(facts: ContainerFacts): Finding[] {
  const findings = [...judgeState(facts), ...judgeHealth(facts), ...judgeMemory(facts)];
  const troubled = findings.length > 0;
  const fromLog = findInLog(facts, troubled);
  // The state says that something is wrong, the log often why: a reason beats "it ended with 1".
  const vague = findings.filter(
    (finding) => finding.cause === "application_error" || finding.cause === "health_check_failing",
  );
  const ordered = [...findings.filter((finding) => !vague.includes(finding)), ...fromLog, ...vague];
  if (ordered.length > 0) return ordered;
  const evidence = [
    `It is ${facts.state}${facts.health === undefined ? " and has no health check" : ` and ${facts.health.status}`}.`,
  ];
  return [
    {
      cause: "none",
      likelihood: facts.health === undefined ? "likely" : "certain",
      evidence,
      nextStep: "Nothing to do.",
    },
  ];
}

function judgeState(facts: ContainerFacts): Finding[] {
  const { state } = facts;
  if (state === "paused")
    return [certain("paused", ["It is paused."], "Somebody paused it: docker unpause, when they agree.")];
  if (state === "created" || (state === "exited" && facts.startError !== "")) return [judgeStart(facts)];
  if (state === "restarting" || facts.restartCount >= 3 || facts.startsInLastHour >= 4) {
    return [judgeLoop(facts), ...(state === "running" ? [] : judgeExit(facts))];
  }
  return state === "exited" || state === "dead" ? judgeExit(facts) : [];
}

function judgeStart({ startError, exitCode }: ContainerFacts): Finding {
  if (startError === "")
    return certain("stopped", ["It was created and never started."], "Start it when it is meant to run.");
  const evidence = [`The Engine could not start it: ${startError}`];
  if (/port is already allocated|address already in use/i.test(startError)) {
    return certain("port_in_use", evidence, "Find what holds the port; change one of the two ports.");
  }
  if (exitCode === 127 || /executable file not found|no such file or directory/i.test(startError)) {
    return certain("command_not_found", evidence, "Correct its command or image: the program is not in it.");
  }
  if (exitCode === 126 || /permission denied|exec format error/i.test(startError)) {
    return certain(
      "not_executable",
      evidence,
      "The program cannot be executed: check its mode bits and the image's architecture.",
    );
  }
  return certain("start_failed", evidence, "Correct what the Engine names, then recreate it.");
}

function judgeLoop(facts: ContainerFacts): Finding {
  const evidence = [
    `State ${facts.state}, restart policy ${facts.restartPolicy}, restarted ${facts.restartCount} times by the Engine.`,
    ...(facts.startsInLastHour > 1 ? [`Started ${facts.startsInLastHour} times within the last hour.`] : []),
  ];
  return certain("restart_loop", evidence, "Another restart will not help: remove the cause below first.");
}

function judgeExit(facts: ContainerFacts): Finding[] {
  const { exitCode } = facts;
  const evidence = [`It ended with exit code ${exitCode}.`];
  if (facts.outOfMemoryKilled) {
    return [
      certain(
        "out_of_memory",
        ["The kernel killed it for memory (OOMKilled).", ...evidence],
        "Raise its memory limit or lower its use.",
      ),
    ];
  }
  if (exitCode === 0)
    return [certain("stopped", ["It ended by itself with exit code 0."], "Start it when it is meant to run on.")];
  if (exitCode === 137) {
    return [
      {
        cause: "killed",
        likelihood: "certain",
        evidence: [...evidence, "137 is SIGKILL: docker kill, a stop that took too long, or the host's memory."],
        nextStep: "Ask who stopped it; look at the host's kernel log for memory kills.",
      },
    ];
  }
  if (exitCode === 143 || exitCode === 130)
    return [certain("stopped", [...evidence, "It was asked to stop."], "Start it when it is meant to run.")];
  if (exitCode === 127)
    return [certain("command_not_found", evidence, "Correct its command: the program is not in the image.")];
  if (exitCode === 126)
    return [certain("not_executable", evidence, "The program cannot be executed: check mode bits and architecture.")];
  if (exitCode === 139 || exitCode === 134)
    return [
      certain("crashed", [...evidence, "The program itself crashed."], "Look for a newer image; keep the core dump."),
    ];
  return [
    {
      cause: "application_error",
      likelihood: "certain",
      evidence,
      nextStep: "Read its last lines: the program gave up by itself.",
    },
  ];
}

function judgeHealth({ state, health, canRestart }: ContainerFacts): Finding[] {
  if (state !== "running" || health === undefined) return [];
  if (health.status === "starting")
    return [certain("starting", ["Its health check has not passed yet."], "Wait, then ask again.")];
  if (health.status !== "unhealthy") return [];
  const output = health.lastOutput === "" ? "" : ` It printed: ${health.lastOutput}`;
  const evidence = [
    `Its health check failed ${health.failingStreak} times in a row, last with exit code ${health.lastExitCode}.${output}`,
  ];
  const restart = canRestart
    ? "plan_change can restart it"
    : "it is not marked for restarts by Sophia, so its owner has to";
  return [
    certain(
      "health_check_failing",
      [...evidence, "Docker itself never restarts an unhealthy container."],
      `Remove the cause, or try a restart: ${restart}.`,
    ),
  ];
}

function judgeMemory({ state, memory }: ContainerFacts): Finding[] {
  if (state !== "running" || memory === undefined || memory.limitBytes <= 0) return [];
  const share = memory.usedBytes / memory.limitBytes;
  if (share < 0.9) return [];
  return [
    {
      cause: "memory_nearly_full",
      likelihood: "likely",
      evidence: [`It uses ${Math.round(share * 100)} % of its memory limit.`],
      nextStep: "Raise the limit before the kernel kills it.",
    },
  ];
}

/** A log line names a likely reason only when something is wrong; in a healthy container it is just talk. */
function findInLog(facts: ContainerFacts, troubled: boolean): Finding[] {
  if (!troubled) return [];
  return logRules.flatMap(({ cause, pattern, nextStep }): Finding[] => {
    const line = facts.lastLines.findLast((text) => pattern.test(text));
    return line === undefined ? [] : [{ cause, likelihood: "likely", evidence: [`Log: ${line}`], nextStep }];
  });
}

function certain(cause: CauseClass, evidence: string[], nextStep: string): Finding {
  return { cause, likelihood: "certain", evidence, nextStep };
}
