import { existsSync } from "node:fs";

// A shell collects every child that ends, Node only those it started itself. The loop passes signals on and leaves
// with the exit code of the one program that matters. A command in the background would read nothing: it is handed
// the standard input by another number.
const script = `
exec 3<&0
"$@" <&3 3<&- & child=$!
exec 3<&-
trap 'kill -TERM $child' TERM
trap 'kill -INT $child' INT
trap 'kill -HUP $child' HUP
while :; do wait $child; code=$?; kill -0 $child 2>/dev/null || exit $code; done
`;

/**
 * As PID 1 (in a container) this process would have to collect every orphan, which Node cannot. It then becomes a
 * small shell that can, with itself started anew as the child. Anywhere else nothing happens.
 */
export function makeRoomForReaper(): void {
  if (process.pid !== 1 || process.execve === undefined || !existsSync("/bin/sh")) return;
  const again = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  process.execve("/bin/sh", ["sh", "-c", script, "sh", ...again]);
}
