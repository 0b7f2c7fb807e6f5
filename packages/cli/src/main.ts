import { runCli } from "./program.ts";
import { makeRoomForReaper } from "./supervisor/reaper.ts";

makeRoomForReaper();
// `sophia up | head` closes our stdout early; the servers go on.
process.stdout.on("error", () => {});
process.exitCode = await runCli({
  arguments: process.argv.slice(2),
  environment: process.env,
  streams: process,
});
