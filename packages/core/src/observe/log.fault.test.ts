import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const source = `
import { createLogDestination } from "./log-destination.ts";
import { createLogger } from "./log.ts";
import { createScrubber } from "./scrub.ts";
const scrubber = createScrubber();
const destination = createLogDestination({ scrubber });
const log = createLogger({ scrubber, level: "info", server: "ai", destination });
const started = performance.now();
for (let index = 0; index < 20000; index += 1) log.info({ index, text: "z".repeat(200) }, "line");
process.stdout.write(JSON.stringify({ ms: performance.now() - started, dropped: destination.dropped() }));
setTimeout(() => process.exit(0), 100);
`;

it("goes on at full speed when nobody reads stderr (fault 49)", async () => {
  const child = spawn(process.execPath, ["--input-type=module", "--eval", source], {
    cwd: fileURLToPath(new URL(".", import.meta.url)),
    stdio: ["ignore", "pipe", "pipe"],
  });
  child.stderr.pause();
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (output += chunk));
  const [code] = (await once(child, "exit")) as [number];
  expect(code).toBe(0);
  const report = JSON.parse(output) as { ms: number; dropped: number };
  expect(report.dropped).toBeGreaterThan(10_000);
  expect(report.ms).toBeLessThan(10_000);
});
