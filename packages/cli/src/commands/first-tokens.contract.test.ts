import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTokens } from "@sophia/core/approval/tokens";
import { systemClock } from "@sophia/core/limits/clock";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { loadConfig } from "../load-config.ts";
import { createTerminal } from "../terminal.ts";
import { withStore } from "../with-store.ts";
import type { CommandContext } from "./command-context.ts";
import { makeFirstTokens } from "./first-tokens.ts";

const configured = "token-of-the-operator-0123456789abcdef";
let dataDir = "";
beforeEach(() => void (dataDir = mkdtempSync(join(tmpdir(), "sophia-first-"))));
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

function createContext(more: Record<string, string>): CommandContext {
  const environment = { SOPHIA_DATA_DIR: dataDir, ...more };
  const stream = { isTTY: false, write: () => true };
  const streams = { stdin: stream, stdout: stream, stderr: stream } as never;
  const terminal = createTerminal(streams, environment);
  return { environment, config: loadConfig(environment), terminal, log: pino({ level: "silent" }) };
}

/** The names of the tokens that are valid after a start with these variables. */
async function start(more: Record<string, string> = {}): Promise<string[]> {
  const context = createContext(more);
  await makeFirstTokens(context);
  return await withStore(context.config, context.log, async (store) => {
    const rows = await createTokens({ store, clock: systemClock }).list();
    const now = Date.now();
    const valid = rows.filter(({ revokedAt, expiresAt = Infinity }) => revokedAt === undefined && expiresAt > now);
    return valid.map(({ name }) => name);
  });
}

test("SOPHIA_TOKEN takes the place of the first caller's token, for as long as it is set", async () => {
  expect(await start({ SOPHIA_TOKEN: configured })).toEqual(["SOPHIA_TOKEN"]);
  expect(existsSync(join(dataDir, "caller-token"))).toBe(false);
  expect(await start()).toEqual(["first caller"]);
  expect(existsSync(join(dataDir, "caller-token"))).toBe(true);
  expect((await start({ SOPHIA_TOKEN: configured })).toSorted()).toEqual(["SOPHIA_TOKEN", "first caller"]);
});
