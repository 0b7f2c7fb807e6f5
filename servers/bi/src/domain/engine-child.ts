import { hostCalls } from "./child-host.ts";
import {
  type Engine,
  type EngineOptions,
  openEngine,
  type QueryAnswer,
  type QueryLimits,
  type Snapshot,
} from "./engine.ts";

/** What the parent asks of a query process. */
export interface QueryCall {
  snapshot: Snapshot;
  options: EngineOptions;
  sql: string;
  limits: QueryLimits;
}

let engine: Engine | undefined;

hostCalls(
  {
    async open(call: Pick<QueryCall, "snapshot" | "options">): Promise<void> {
      await openFor(call.snapshot, call.options);
    },
    async query(call: QueryCall, { signal }): Promise<QueryAnswer> {
      const current = await openFor(call.snapshot, call.options);
      return await current.query(call.sql, call.limits, signal);
    },
  },
  Number(process.argv[2]),
);

async function openFor(snapshot: Snapshot, options: EngineOptions): Promise<Engine> {
  if (engine?.generation === snapshot.generation) return engine;
  const previous = engine;
  engine = undefined;
  await previous?.close();
  engine = await openEngine(snapshot, options);
  return engine;
}
