import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, expect, test } from "vitest";
import { plainIdentifier } from "./sql-text.ts";

let instance: DuckDBInstance;
beforeAll(async () => {
  instance = await DuckDBInstance.create();
});
afterAll(() => instance.closeSync());

test("every keyword of the engine can be a table's and a column's name as we write it", async () => {
  const connection = await instance.connect();
  const keywords = (await connection.runAndReadAll("SELECT keyword_name FROM duckdb_keywords()")).getRowsJS();
  const names = [
    ...keywords.flatMap(([name]) => (typeof name === "string" ? [name] : [])),
    "Total",
    "a b",
    'a"b',
    "plain",
  ];
  expect(names.length).toBeGreaterThan(400);
  for (const name of names) {
    const word = plainIdentifier(name);
    await connection.run(`CREATE TABLE ${word} (${word} INTEGER); INSERT INTO ${word} VALUES (7)`);
    const read = await connection.runAndReadAll(
      `SELECT ${word}, sum(${word}) FROM ${word} WHERE ${word} > 0 GROUP BY ${word} ORDER BY ${word}`,
    );
    expect([name, Number(read.getRowsJS()[0]?.[0])]).toEqual([name, 7]);
    await connection.run(`DROP TABLE ${word}`);
  }
});
