import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runCli } from "../program.ts";

let dataDir = "";
beforeEach(() => void (dataDir = mkdtempSync(join(tmpdir(), "sophia-keys-"))));
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

async function run(...args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const written = { stdout: "", stderr: "" };
  const stream = (name: "stdout" | "stderr") => ({
    columns: 300,
    write: (text: string) => (written[name] += text) !== "",
  });
  const code = await runCli({
    arguments: args,
    environment: { SOPHIA_DATA_DIR: dataDir, PATH: process.env["PATH"], NO_COLOR: "1" },
    streams: { stdin: { isTTY: false }, stdout: stream("stdout"), stderr: stream("stderr") } as never,
  });
  return { code, ...written };
}

const create = (name: string, ...more: readonly string[]) => run("token", "create", "--name", name, ...more);

test("a key of the AI server is made with its limits, and listed with them", async () => {
  const limits = ["--budget-usd-per-day", "5", "--budget-usd-per-month", "99.5", "--models", "a, b*"];
  const rates = ["--data-policy", "no_training", "--requests-per-minute", "60"];
  const made = await create("billing-bot", "--server", "ai", ...limits, ...rates);
  const line = "5 USD a day, 99.5 USD a month, models a b*, no_training, 60 requests/min";
  expect(made).toMatchObject({ code: 0, stdout: expect.stringMatching(/^sophia_ai_/) });
  expect(made.stderr).toContain(`Limits: ${line}.`);
  expect((await create("plain")).stderr).not.toContain("Limits");
  expect((await run("token", "list")).stdout).toContain(line);
  const { tokens } = JSON.parse((await run("token", "list", "--json")).stdout) as {
    tokens: { name: string; policy?: object }[];
  };
  expect(tokens.find(({ name }) => name === "billing-bot")?.policy).toEqual({
    usdPerDay: 5,
    usdPerMonth: 99.5,
    allowedModels: ["a", "b*"],
    dataPolicy: "no_training",
    requestsPerMinute: 60,
  });
  expect(tokens.find(({ name }) => name === "plain")).not.toHaveProperty("policy");
});

test.each([
  [["--server", "bi", "--budget-usd-per-day", "5"], "limit keys of the AI server"],
  [["--budget-usd-per-day", "-5"], "number of USD"],
  [["--requests-per-minute", "1.5"], "whole number"],
  [["--models", " , "], "1 to 50 models"],
  [["--data-policy", "some"], "no_training"],
])("%j makes no token", async (wrong, told) => {
  const refused = await create("odd", ...wrong);
  expect(refused.code).not.toBe(0);
  expect(refused.stderr).toContain(told);
  expect((await run("token", "list", "--json")).stdout).toContain('"tokens":[]');
});
