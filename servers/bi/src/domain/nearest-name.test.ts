import { expect, test } from "vitest";
import { nearestName } from "./nearest-name.ts";

test.each([
  ["regoin", ["region", "reason"], "region"],
  ["sample_order", ["sample_order_items", "sample_orders"], "sample_orders"],
  ["REVENUE", ["revenue"], "revenue"],
  ["amont", ["amount", "month"], "amount"],
  ["xyz", ["region", "amount"], undefined],
  ["", ["region"], undefined],
])("%j among %j → %j", (wanted, names, nearest) => expect(nearestName(wanted, names)).toBe(nearest));

test("long names stay cheap", () => {
  const names = Array.from({ length: 2_000 }, (_, index) => `column_number_${index}`);
  const startedAt = performance.now();
  nearestName("z".repeat(50_000), names);
  expect(performance.now() - startedAt).toBeLessThan(1_000);
});
