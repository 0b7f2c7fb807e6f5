import { setTimeout as sleep } from "node:timers/promises";
import { formatCommand } from "@sophia/core/config/command-line";
import type { RotationStatus } from "@sophia/core/secrets/rotation/rotation-types";
import type { CommandContext } from "../commands/command-context.ts";
import { toPlainLine } from "../terminal.ts";
import type { RotationDesk } from "./with-rotations.ts";

export interface FollowOptions {
  id: string;
  json: boolean;
  /** `served`: the new value is served; what is left is to watch it and to retire the old one. */
  until: "served" | "end";
}

const lookEveryMs = 500;
const underWay = new Set<RotationStatus["state"]>(["queued", "running", "rolling_back"]);

/** Carries a rotation out in this process, beside a running `up`: leases see to it that only one of both works on it. */
export async function followRotation(
  { terminal }: CommandContext,
  { rotations, jobs }: RotationDesk,
  { id, json, until }: FollowOptions,
): Promise<RotationStatus> {
  terminal.note(`Rotation ${id} is under way. It may be left with Ctrl-C: a running \`up\` goes on with it.`);
  jobs.start();
  let told = "";
  for (;;) {
    const status = await rotations.get(id);
    const line = `${status.state} at step ${status.step}, serving the ${status.served} value`;
    if (line !== told && !json) terminal.note(line);
    told = line;
    const isServed = until === "served" && status.state === "running" && status.served === "new";
    if (isServed || !underWay.has(status.state)) return status;
    await sleep(lookEveryMs);
  }
}

export function isFailure({ state }: RotationStatus): boolean {
  return state === "failed" || state === "rolled_back" || state === "held";
}

export function describeEnd({ variable, state, served, error, warnings, nextStep, backupId }: RotationStatus): string {
  return [
    `${variable}: ${state}; the ${served} value is served.`,
    ...(error === undefined ? [] : [`${error.message} ${error.hint ?? ""}`.trim()]),
    ...warnings.map((warning) => `Note: ${toPlainLine(warning)}`),
    ...(nextStep === "" ? [] : [`Next: ${nextStep}`]),
    ...(backupId === undefined ? [] : [`As it was before: ${formatCommand(`secrets restore ${backupId}`)}`]),
  ].join("\n");
}
