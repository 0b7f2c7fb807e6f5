import { expect, test } from "vitest";
import { countTests, formatCount } from "./count-tests.ts";

const file = (status: string, ...tests: string[]) => ({
  name: "a.test.ts",
  status,
  assertionResults: tests.map((state, index) => ({ status: state, fullName: `test ${index}` })),
});

test("passed, failed and every kind of skipped test is counted", () => {
  const report = {
    testResults: [file("failed", "passed", "failed", "pending", "todo", "skipped"), file("passed", "passed")],
  };
  const count = countTests(JSON.stringify(report));
  expect(count).toEqual({ passed: 2, failed: 1, skipped: 3, failures: ["a.test.ts: test 1"] });
  expect(formatCount(count)).toBe("2 passed, 1 failed, 3 skipped");
});

test("a file that could not be loaded is a failure", () => {
  const count = countTests(JSON.stringify({ testResults: [file("failed")] }));
  expect(count).toEqual({ passed: 0, failed: 1, skipped: 0, failures: ["a.test.ts: the file"] });
  expect(formatCount(count)).toBe("0 passed, 1 failed");
});

test("anything but a report is refused", () => {
  expect(() => countTests("{}")).toThrow();
});
