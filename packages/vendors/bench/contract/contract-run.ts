import type { SpecificationOptions } from "@sophia/core/testing/contract/specification";

/** One vendor's client before its simulator, with Prism between them. */
export interface ContractRun {
  vendor: string;
  /** File in BENCH_SPECS. */
  specification: string;
  /** The part of the simulator's path that the specification's paths do not have: Prism does not speak it. */
  prefix: string;
  /** What our own check puts before a recorded path, where the specification's servers have a path. */
  specificationPrefix: string;
  /** Where the file is known to be wrong, for our own check. */
  options?: SpecificationOptions;
  start(): Promise<{ url: string; close(): Promise<void> }>;
  /** Every operation of the client once. */
  drive(baseUrl: string): Promise<void>;
}
