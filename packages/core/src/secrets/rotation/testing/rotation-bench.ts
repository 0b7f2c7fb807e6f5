import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import type { Jobs } from "../../../jobs/jobs.ts";
import type { AuditEntry } from "../../../observe/audit.ts";
import type { CoreTables } from "../../../store/core-tables.ts";
import type { Store } from "../../../store/store.ts";
import { createJobBench } from "../../../testing/job-bench.ts";
import type { VirtualClock } from "../../../testing/virtual-clock.ts";
import { createKeyring } from "../../backend/local/keyring.ts";
import { createRotationKeys, type RotationKeys } from "../rotation-keys.ts";
import type { RotatedService, Rotations, RotationsOptions, RotationTarget } from "../rotation-types.ts";
import { createRotations } from "../rotations.ts";
import { createFakeService, type FakeService } from "./fake-service.ts";
import { createMemoryBackend, type MemoryBackend } from "./memory-backend.ts";

export const firstValue = "fake-secret-value-0";

/** One secret of one fake service, rotated on a clock that stands still until it is moved. */
export interface RotationBench {
  clock: VirtualClock;
  backend: MemoryBackend;
  service: FakeService;
  rotations: Rotations;
  jobs: Jobs;
  store: Store<CoreTables>;
  keys: RotationKeys;
  audit: AuditEntry[];
  /** What was logged, as text. */
  logged: () => string;
  folder: string;
  target: RotationTarget;
  served(): string;
  /** Another process of the same installation. */
  createOther(
    given?: Partial<RotationsOptions>,
  ): Promise<{ rotations: Rotations; jobs: Jobs; store: Store<CoreTables> }>;
  close(): Promise<void>;
}

export const testTarget: RotationTarget = {
  environment: { project: "sophia", name: "stores-development" },
  path: "stores.fake.FAKE_KEY",
  service: "fake",
  variable: "FAKE_KEY",
};

export const testLimits = {
  refreshMs: 60_000,
  graceMs: 120_000,
  maximumGraceMs: 600_000,
  consumerLivesMs: 90_000,
  consumerCheckMs: 60_000,
  observeEveryMs: 5_000,
};

export async function createRotationBench(given: Partial<RotatedService> = {}): Promise<RotationBench> {
  const bench = createJobBench(Date.UTC(2026, 0, 5, 9));
  const folder = mkdtempSync(join(tmpdir(), "sophia-rotation-"));
  const backend = createMemoryBackend();
  await backend.create(testTarget.environment);
  const yaml = `values:\n  stores:\n    fake:\n      # the key of the fake\n      FAKE_KEY:\n        fn::secret: ${firstValue}\n      OTHER:\n        fn::secret: other\n`;
  await backend.update(testTarget.environment, yaml);
  const service = createFakeService(firstValue);
  const audit: AuditEntry[] = [];
  const lines: string[] = [];
  const log = pino({ level: "debug" }, { write: (line: string) => void lines.push(line) });
  const keys = createRotationKeys(createKeyring(new Uint8Array(32).fill(7)));
  const fake: RotatedService = {
    id: "fake",
    title: "Fake",
    docsUrl: "https://fake.example/keys",
    keyShape: [{ variable: "FAKE_KEY", pattern: /^fake-/, isDistinct: true }],
    rotator: service.rotator,
    ...given,
  };

  async function createOther(options: Partial<RotationsOptions> = {}) {
    const jobs = await bench.createWorker({ log });
    const store = bench.stores.at(-1) as Store<CoreTables>;
    const write = async (entry: AuditEntry) => void audit.push(structuredClone(entry));
    const rotations = createRotations({
      backend,
      store,
      jobs,
      audit: { write } as unknown as RotationsOptions["audit"],
      log,
      clock: bench.clock,
      services: [fake],
      keys,
      backupFolder: join(folder, "backups"),
      server: "infra",
      ...options,
      limits: { ...testLimits, ...options.limits },
    });
    jobs.start();
    return { jobs, rotations, store };
  }

  return {
    ...(await createOther()),
    clock: bench.clock,
    backend,
    service,
    keys,
    audit,
    folder,
    target: testTarget,
    logged: () => lines.join(""),
    createOther,
    served() {
      const text = backend.revisionsOf(testTarget.environment).at(-1) ?? "";
      return /FAKE_KEY:\n\s+fn::secret: "?([\w-]+)"?/.exec(text)?.[1] ?? "";
    },
    async close() {
      await bench.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
