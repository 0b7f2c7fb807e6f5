import { z } from "zod";

const Report = z.object({
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      assertionResults: z.array(z.object({ status: z.string(), fullName: z.string() })),
    }),
  ),
});

export interface TestCount {
  passed: number;
  failed: number;
  skipped: number;
  /** Names of the tests that failed, and of the files that could not be loaded. */
  failures: string[];
}

/** Counts the runner's JSON report. A file that failed without a failed test (it did not load) counts as one failure. */
export function countTests(json: string): TestCount {
  const { testResults } = Report.parse(JSON.parse(json));
  const count: TestCount = { passed: 0, failed: 0, skipped: 0, failures: [] };
  for (const file of testResults) {
    const failed = file.assertionResults.filter((test) => test.status === "failed");
    const passed = file.assertionResults.filter((test) => test.status === "passed");
    count.passed += passed.length;
    count.skipped += file.assertionResults.length - passed.length - failed.length;
    count.failed += failed.length;
    for (const test of failed) count.failures.push(`${file.name}: ${test.fullName}`);
    if (file.status === "failed" && failed.length === 0) {
      count.failed += 1;
      count.failures.push(`${file.name}: the file`);
    }
  }
  return count;
}

/** The closing line that scripts read: `12 passed, 0 failed, 3 skipped`. */
export function formatCount({ passed, failed, skipped }: TestCount): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}
