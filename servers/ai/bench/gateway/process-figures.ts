import { existsSync, readdirSync, readFileSync } from "node:fs";

/** Time that all threads of a process ran, user and system, µs: by the scheduler's nanoseconds, else by its ticks. */
export function readCpuUs(pid: number): number {
  const folder = `/proc/${pid}/task`;
  if (existsSync(`${folder}/${pid}/schedstat`)) {
    const spent = readdirSync(folder).map((task) =>
      Number(readFileSync(`${folder}/${task}/schedstat`, "utf8").split(" ")[0]),
    );
    return spent.reduce((sum, nanoseconds) => sum + nanoseconds, 0) / 1_000;
  }
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

export function readRssMb(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1_024;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

export function quantile(values: readonly number[], at: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * at))] ?? Number.NaN;
}
