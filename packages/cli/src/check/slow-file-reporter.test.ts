import { join } from "node:path";
import { expect, test } from "vitest";
import { SlowFileReporter } from "./slow-file-reporter.ts";

test("a file that has run for minutes is named while it runs, and no other", () => {
  let now = 0;
  const said: string[] = [];
  const reporter = new SlowFileReporter(
    () => now,
    (line) => said.push(line),
  );
  const file = (name: string) => ({ moduleId: join(process.cwd(), "packages", name) });
  reporter.onTestModuleQueued(file("hangs.test.ts"));
  reporter.onTestModuleQueued(file("ends.test.ts"));
  now = 100_000;
  reporter.onTestModuleQueued(file("young.test.ts"));
  reporter.tell();
  expect(said).toEqual([]);
  reporter.onTestModuleEnd(file("ends.test.ts"));
  now = 240_000;
  reporter.tell();
  expect(said).toEqual([`Still running after 240 s: ${join("packages", "hangs.test.ts")}`]);
});
