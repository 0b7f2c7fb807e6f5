import { Secret } from "../../../config/secret.ts";
import { SecretReports } from "../secret-reports.ts";
import { firstValue, type RotationBench } from "./rotation-bench.ts";

/** A process that uses the bench's secret and reports it. */
export function createConsumer(
  { store, keys, clock, target }: RotationBench,
  given: { name: string; secret?: Secret; probe?: (value: Secret) => Promise<void> },
): { reports: SecretReports; secret: Secret } {
  const { name, secret = new Secret(firstValue), probe } = given;
  const log = { warn: () => {} } as never;
  const reports = new SecretReports({ store, keys, clock, log, process: name, everyMs: 20_000 });
  reports.watch({ ...target, secret, ...(probe && { probe }) });
  reports.start();
  return { reports, secret };
}
