import { hostCalls } from "../domain/child-host.ts";
import { type Engine, type EngineOptions, openEngine, type Snapshot } from "../domain/engine.ts";

let engine: Engine | undefined;

// The engine with its lock but without the guard: shows what the second layer does alone.
hostCalls(
  {
    async run(call: {
      snapshot: Snapshot;
      options: EngineOptions;
      sql: string;
    }): Promise<{ error?: string; rows: string }> {
      engine ??= await openEngine(call.snapshot, call.options);
      const connection = await engine.connect();
      try {
        const reader = await connection.runAndReadUntil(call.sql, 100);
        return { rows: JSON.stringify(reader.getRowsJson()) };
      } catch (error) {
        return { error: error instanceof Error ? error.message : String(error), rows: "" };
      } finally {
        connection.closeSync();
      }
    },
  },
  Number(process.argv[2]),
);
