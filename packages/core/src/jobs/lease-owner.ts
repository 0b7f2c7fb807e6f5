import { randomUUID } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** Who holds a lease: "machine|process id|instance". */
export interface LeaseOwner {
  id: string;
  /** To be called when the instance stops, so that others in this process may take over at once. */
  retire(): void;
}

const instancesHere = new Set<string>();

export function createLeaseOwner(): LeaseOwner {
  const instance = randomUUID();
  instancesHere.add(instance);
  return {
    id: `${machineId()}|${process.pid}|${instance}`,
    retire: () => instancesHere.delete(instance),
  };
}

/**
 * True when the holder is certainly dead: it ran on this machine and its process is gone. False means "not known": then
 * only a lease without sign of life runs out. This saves the waiting time after a crash and restart.
 */
export function isOwnerGone(owner: string): boolean {
  const [machine, pidText, instance] = owner.split("|");
  const pid = Number(pidText);
  if (machine !== machineId() || instance === undefined || !Number.isInteger(pid) || pid <= 0) return false;
  // After a restart in a container the new process often has the old one's number.
  if (pid === process.pid) return !instancesHere.has(instance);
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ESRCH";
  }
}

let knownMachine: string | undefined;

/** Process numbers mean the same only within one boot and one process namespace, so both are part of the name. */
function machineId(): string {
  knownMachine ??= [
    hostname(),
    readOr("", () => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()),
    readOr("", () => readlinkSync("/proc/self/ns/pid")),
  ].join("/");
  return knownMachine;
}

/** Only Linux has these files; elsewhere containers have host names of their own. */
function readOr(fallback: string, read: () => string): string {
  try {
    return read();
  } catch {
    return fallback;
  }
}
