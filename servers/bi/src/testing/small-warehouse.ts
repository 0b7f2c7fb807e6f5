import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import type { EngineOptions, Snapshot } from "../domain/engine.ts";
import { literal } from "../domain/sql-text.ts";

export interface SmallWarehouse {
  directory: string;
  options: EngineOptions;
  snapshot: Snapshot;
  remove(): Promise<void>;
}

const tables = {
  sales: `SELECT i AS id, 1 + i % 50 AS customer_id, (i * 7 % 1000)::DECIMAL(10, 2) / 4 AS amount, DATE '2024-01-01' + (i % 365)::INTEGER AS sold_on,
      ['north', 'south', 'west'][1 + i % 3] AS region, [i, i + 1] AS tags, {'a': i, 'b': 'x'} AS details FROM range(3000) numbers(i)`,
  customers: `SELECT i AS id, 'Customer ' || i AS name, TIMESTAMP '2024-01-01 10:00:00' + to_hours(i::INTEGER) AS created_at FROM range(1, 51) numbers(i)`,
} as const;

/** Two tables in files as the import writes them, in a directory of their own. */
export async function createSmallWarehouse(): Promise<SmallWarehouse> {
  const directory = await mkdtemp(join(tmpdir(), "sophia-bi-"));
  await mkdir(join(directory, "tables"));
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  for (const [name, select] of Object.entries(tables)) {
    await connection.run(`ATTACH ${literal(join(directory, "tables", `${name}1.duckdb`))} AS target`);
    await connection.run(`CREATE TABLE target.main.data AS ${select}`);
    await connection.run("DETACH target");
  }
  connection.closeSync();
  instance.closeSync();
  return {
    directory,
    options: { directory, scratch: join(directory, "scratch"), memoryMb: 256, threads: 2, spillMb: 64 },
    snapshot: {
      generation: 1,
      tables: [
        {
          name: "sales",
          file: "sales1.duckdb",
          columns: ["id", "customer_id", "amount", "sold_on", "region", "tags", "details"],
        },
        { name: "customers", file: "customers1.duckdb", columns: ["id", "name", "created_at"] },
      ],
    },
    remove: async () => await rm(directory, { recursive: true, force: true }),
  };
}
