import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readConformanceCases } from "./testing/conformance-case.ts";
import { scoreCase } from "./testing/score-case.ts";

const root = join(import.meta.dirname, "../../../../..");
// oxlint-disable-next-line node/no-process-env -- where the cases are is a matter of the machine
const folder = join(process.env["BENCH_DATA"] ?? join(root, "../shared/data"), "esc-eval");
const cases = readConformanceCases(folder);

describe.skipIf(cases.length === 0)(`the cases of BENCH_DATA, skipped when there is no ${folder}`, () => {
  test.for(cases)("$name", async (testCase) => {
    expect(await scoreCase(testCase)).toEqual({ l1: true, l2: true, l3: true, failures: [] });
  });
});
