import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { startPostgres } from "@sophia/core/testing/peers";
import { Client } from "pg";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startSophia } from "../supervisor/testing/run-sophia.ts";
import { findCanaries, readAllFiles } from "./canaries.ts";
import { connectLegacy } from "./clients.ts";
import { bearer, environmentFor, freePorts, ready, serverIds } from "./start-servers.ts";

const firstPassword = "canary-first-password-6d1f0a93c4b2";

let home = "";
let environment: Record<string, string> = {};
const closing: (() => unknown)[] = [];
const places = new Map<string, string>();

beforeEach(() => void (home = mkdtempSync(join(tmpdir(), "sophia-rotation-"))));
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
  rmSync(home, { recursive: true, force: true });
});

async function sophia(command: string): Promise<string> {
  const { code, stdout, stderr } = await startSophia(command.split(" "), environment).ended;
  places.set(`sophia ${command}`, `${stdout}\n${stderr}`);
  expect(code, `${command}: ${stderr}`).toBe(0);
  return stdout;
}

async function setValue(target: string, value: string): Promise<void> {
  const file = join(home, "value");
  writeFileSync(file, value, { mode: 0o600 });
  await sophia(`secrets set ${target} --file ${file} --secret`);
  rmSync(file);
}

async function canLogIn(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on("error", () => {});
  const accepted = await client.connect().then(
    () => true,
    () => false,
  );
  await client.end().catch(() => {});
  return accepted;
}

/** Calls all four servers until it is told to stop; each call asks the store who calls. */
function keepCalling(urls: readonly string[]) {
  let isOver = false;
  const result = { calls: 0, failures: [] as string[] };
  const startedAt = performance.now();
  const loops = urls.map(async (url) => {
    const client = await connectLegacy({ kind: "http", url, bearer });
    while (!isOver) {
      result.calls += 1;
      const answer = await client.callTool({ name: "find_tools", arguments: {} }).catch(String);
      if (typeof answer === "string" || answer.isError === true)
        result.failures.push(`${url}: ${JSON.stringify(answer)}`);
      await delay(40);
    }
    await client.close();
  });
  return async () => {
    isOver = true;
    const ranMs = performance.now() - startedAt;
    await Promise.all(loops);
    return { ...result, ranMs };
  };
}

test(
  "the password of the store is exchanged under four busy servers, and no call fails",
  { timeout: 300_000 },
  async (context) => {
    const peer = await startPostgres();
    if (!peer) return context.skip();
    closing.push(() => peer.stop());
    const administrator = new Client({ connectionString: peer.url });
    await administrator.connect();
    await administrator.query(`create role sophia login password '${firstPassword}'`);
    await administrator.query("create database sophia owner sophia");
    await administrator.query(
      `copy (select 'host all postgres 127.0.0.1/32 trust' union all select 'host all all 127.0.0.1/32 scram-sha-256')
     to program 'cat > pg_hba.conf'`,
    );
    await administrator.query("select pg_reload_conf()");
    closing.push(() => administrator.end());
    const { host } = new URL(peer.url);
    const firstUrl = `postgresql://sophia:${firstPassword}@${host}/sophia`;

    const ports = await freePorts(5);
    const urls = serverIds.map((_id, index) => `http://127.0.0.1:${ports[index]}`);
    environment = {
      ...environmentFor(join(home, "data"), "127.0.0.1", ports),
      HOME: home,
      SOPHIA_LOG_LEVEL: "debug",
      SOPHIA_SECRETS_REFRESH_SECONDS: "1",
      SOPHIA_SECRETS_GRACE_SECONDS: "3",
    };
    await sophia("secrets init");
    await setValue("SOPHIA_DATABASE_URL", firstUrl);
    await setValue("sophia/rotation-development postgresql.administrator", peer.url);
    const up = startSophia(["up"], environment);
    closing.push(async () => {
      up.child.kill("SIGTERM");
      await up.ended;
    });
    await Promise.all(urls.map((url) => ready(url)));

    const stopCalling = keepCalling(urls);
    await sophia("secrets rotate SOPHIA_DATABASE_URL");
    const { calls, failures, ranMs } = await stopCalling();
    expect(failures).toEqual([]);
    // Twenty a second to each server where there is time, one at least on a busy machine; a load that stops has none.
    expect(calls).toBeGreaterThan((urls.length * ranMs) / 1_000);
    expect(await canLogIn(firstUrl)).toBe(false);
    const nextUrl = (
      await sophia("secrets open sophia/stores-development stores.postgresql.SOPHIA_DATABASE_URL --format string")
    ).trim();
    places.delete(
      "sophia secrets open sophia/stores-development stores.postgresql.SOPHIA_DATABASE_URL --format string",
    );
    expect(new URL(nextUrl).username).toBe("sophia_a");
    expect(await canLogIn(nextUrl)).toBe(true);
    const { rows } = await administrator.query(
      // PostgreSQL's own processes are in there too, without a user: autovacuum comes once a minute.
      "select distinct usename from pg_stat_activity where datname = 'sophia' and backend_type = 'client backend'",
    );
    expect(rows).toEqual([{ usename: "sophia_a" }]);
    await sophia("secrets rotate --json");
    await sophia("audit verify");

    up.child.kill("SIGTERM");
    const { stdout, stderr } = await up.ended;
    const found = new Map([...places, ["up", stdout + stderr], ...readAllFiles(home)]);
    const passwords = [firstPassword, decodeURIComponent(new URL(nextUrl).password)];
    expect(
      findCanaries(
        passwords.map((value, index) => ({ variable: `password ${index}`, value, secret: value })),
        found,
      ),
    ).toEqual([]);
  },
);
