import { pino } from "pino";
import { makeRoomForReaper } from "../reaper.ts";
import { defaultLimits } from "../restart-policy.ts";
import { handleStopSignals } from "../stop-signals.ts";
import { createSupervisor } from "../supervisor.ts";
import type { ServerSpec } from "../server-process.ts";

// A whole supervising process for tests that signal or kill it: the specs arrive as JSON, the children's pids leave.
makeRoomForReaper();
const supervisor = createSupervisor({
  servers: JSON.parse(process.argv[2] ?? "[]") as ServerSpec[],
  limits: defaultLimits,
  log: pino({ level: "silent" }),
  execPath: process.execPath,
  scrub: (text) => text,
});
handleStopSignals({
  stop: () => void supervisor.stop().then((clean) => process.exit(clean ? 0 : 1)),
  kill: (exitCode) => {
    supervisor.kill();
    process.exit(exitCode);
  },
});
const statuses = await supervisor.start();
process.stdout.write(`${JSON.stringify({ pid: process.pid, children: statuses.map(({ pid }) => pid) })}\n`);
