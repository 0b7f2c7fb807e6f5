import { expect, test } from "vitest";
import { startScript } from "../testing/child-script.ts";

const canary = "cnry-2b7e151628aed2a6abf7158809cf4f3c";

/** A process under `attachSupervisor` that breaks as it is told and takes `drainMs` to finish its work. */
const source = `
import { createLogger } from ${url("../observe/log.ts")};
import { createLogDestination } from ${url("../observe/log-destination.ts")};
import { createScrubber } from ${url("../observe/scrub.ts")};
import { attachSupervisor } from ${url("./process-lifecycle.ts")};
const [how, drainMs, canary] = process.argv.slice(-3).map((value) => JSON.parse(value));
const scrubber = createScrubber();
scrubber.register(canary, "CANARY");
const destination = createLogDestination({ scrubber, stream: process.stdout });
const log = createLogger({ scrubber, level: "info", server: "sample", destination });
attachSupervisor({
  log,
  ready: { type: "ready", server: "sample", port: 1, url: "http://127.0.0.1:1", pid: process.pid },
  async shutdown() {
    console.log("drain begins");
    await new Promise((resolve) => setTimeout(resolve, drainMs));
    console.log("drain is over");
  },
});
setInterval(() => {}, 1_000);
console.log("started");
if (how === "rejection") void Promise.reject(new Error("no connection to postgres://u:" + canary + "@host"));
if (how === "exception") setTimeout(() => { throw new Error("no connection to postgres://u:" + canary + "@host"); });
`;

function url(path: string): string {
  return JSON.stringify(new URL(path, import.meta.url).href);
}

test.for([
  ["rejection", "unhandled rejection"],
  ["exception", "uncaught exception"],
] as const)("fault 8: an %s outside a call: told without secrets, drained, ended with 1", async ([how, reason]) => {
  const child = startScript(source, how, 100, canary);
  const { code } = await child.ended;
  const text = child.lines.join("\n");
  expect(code).toBe(1);
  expect(text).toContain(`"level":"fatal"`);
  expect(text).toContain(reason);
  expect(text).toContain("drain is over");
  expect(text).not.toContain(canary);
});

test("fault 6: SIGTERM drains and ends with 0", async () => {
  const child = startScript(source, "wait", 100, canary);
  await child.waitFor("started");
  child.kill("SIGTERM");
  expect((await child.ended).code).toBe(0);
  expect(child.lines).toContain("drain is over");
});

test.for(["SIGTERM", "SIGINT"] as const)("fault 7: a second %s in the drain ends at once, non-zero", async (signal) => {
  const child = startScript(source, "wait", 10_000, canary);
  await child.waitFor("started");
  child.kill(signal);
  await child.waitFor("drain begins");
  const from = performance.now();
  child.kill(signal);
  expect((await child.ended).code).toBe(1);
  expect(performance.now() - from).toBeLessThan(2_000);
});
