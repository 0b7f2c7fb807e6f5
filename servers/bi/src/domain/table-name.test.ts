import fc from "fast-check";
import { expect, test } from "vitest";
import { toTableName } from "./table-name.ts";

test.each([
  ["Sales Q1.csv", "sales_q1"],
  ["2024/Sales.CSV", "sales"],
  ["2024.csv", "t_2024"],
  ["select.json", "t_select"],
  ["pg_settings.csv", "t_pg_settings"],
  ["sample_orders.parquet", "t_sample_orders"],
  ["Ünïcödé näme.ndjson", "unicode_name"],
  ["日本.csv", "table_1"],
  ['a"; DROP TABLE x; --.csv', "a_drop_table_x"],
  ["archive.2024.csv", "archive_2024"],
])("%j → %j", (path, name) => expect(toTableName(path)).toBe(name));

test("any path gives a name that needs no quotes", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 200 }), (path) => {
      expect(toTableName(path)).toMatch(/^[a-z][a-z0-9_]{0,61}$/);
    }),
  );
});
