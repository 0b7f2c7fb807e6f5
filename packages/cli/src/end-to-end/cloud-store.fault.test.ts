import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { systemClock } from "@sophia/core/limits/clock";
import { createKeyring } from "@sophia/core/secrets/backend/local/keyring";
import { createLocalBackend } from "@sophia/core/secrets/backend/local/local-backend";
import { toWire } from "@sophia/core/secrets/esc/to-wire";
import { startEscServer } from "@sophia/simulators/pulumi-esc/esc-server";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startSophia } from "../supervisor/testing/run-sophia.ts";
import { findCanaries, readAllFiles } from "./canaries.ts";
import { startParrot } from "./canary-calls.ts";
import { connectLegacy } from "./clients.ts";
import { bearer, environmentFor, freePorts, ready } from "./start-servers.ts";

const token = `pul-${"c0ffee42".repeat(5)}`;
const keys = ["canary-first-2f9d41e07bc8", "canary-second-91ab63f2d7e4"] as const;

let home = "";
let environment: Record<string, string> = {};
const closing: (() => unknown)[] = [];

beforeEach(() => void (home = mkdtempSync(join(tmpdir(), "sophia-cloud-"))));
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
  rmSync(home, { recursive: true, force: true });
});

/** Pulumi Cloud's REST contract over environments in a folder of its own. */
async function startCloud(port = 0) {
  const folder = join(home, "cloud");
  const backend = createLocalBackend({
    folder,
    keyring: createKeyring(Buffer.alloc(32, 9)),
    author: "ada",
    clock: systemClock,
  });
  const server = await startEscServer({ backend, toWire, organisation: "acme", token, user: "ada", port });
  closing.push(() => server.close());
  return server;
}

async function sophia(command: string): Promise<string> {
  const { code, stdout, stderr } = await startSophia(command.split(" "), environment).ended;
  expect(code, stderr).toBe(0);
  return stdout + stderr;
}

async function setKey(value: string): Promise<void> {
  const file = join(home, "value");
  writeFileSync(file, value);
  await sophia(`secrets set SOPHIA_OPENAI_API_KEY --file ${file}`);
  rmSync(file);
}

async function until(read: () => Promise<string>, wanted: string): Promise<void> {
  let last = "";
  for (let attempt = 0; attempt < 150; attempt++) {
    last = await read().catch((thrown: unknown) => String(thrown));
    if (last.includes(wanted)) return;
    await delay(200);
  }
  expect(last).toContain(wanted);
}

test(
  "a server lives on what Pulumi Cloud says, and on its sealed copy while that is away",
  { timeout: 180_000 },
  async () => {
    const cloud = await startCloud();
    const parrot = await startParrot();
    closing.push(parrot.close);
    const ports = await freePorts(5);
    const url = `http://127.0.0.1:${ports[0]}`;
    environment = {
      ...environmentFor(join(home, "data"), "127.0.0.1", ports),
      HOME: home,
      SOPHIA_LOG_LEVEL: "info",
      SOPHIA_SECRETS_REFRESH_SECONDS: "1",
      SOPHIA_OPENAI_BASE_URL: parrot.url,
      SOPHIA_OPENAI_MODELS: "parrot",
      PULUMI_ACCESS_TOKEN: token,
      PULUMI_ESC_ENVIRONMENT: "acme/sophia/sophia-ai-development",
      PULUMI_BACKEND_URL: cloud.url,
    };
    const shown = [await sophia("secrets init"), await sophia("secrets ls")];
    expect(shown[1]).toContain("sophia/ai-intelligence-development");
    await setKey(keys[0]);

    const up = startSophia(["up", "--only", "ai"], environment);
    closing.push(async () => {
      up.child.kill("SIGTERM");
      await up.ended;
    });
    await ready(url);
    const ask = async (prompt: string): Promise<void> => {
      const client = await connectLegacy({ kind: "http", url, bearer });
      await client.callTool({ name: "complete", arguments: { prompt } });
      await client.close();
    };
    const health = async (): Promise<string> =>
      (await fetch(`${url}/healthz`, { headers: { authorization: `Bearer ${bearer}` } })).text();
    await ask("The first key?");
    expect(parrot.keys).toContain(`Bearer ${keys[0]}`);

    await setKey(keys[1]);
    await until(async () => up.stderr(), "Took changed secrets");
    await ask("The second key?");
    expect(parrot.keys).toContain(`Bearer ${keys[1]}`);
    shown.push(await sophia("doctor"), await sophia("secrets log sophia/ai-intelligence-development"));

    await cloud.close();
    await until(health, "the secret store is away");
    const pid = Number(/"pid":(\d+),"url"/.exec(up.stderr())?.[1]);
    process.kill(pid, "SIGKILL");
    await until(async () => up.stderr(), "started with the encrypted copy");
    await ready(url);
    parrot.keys.clear();
    await ask("The copy's key?");
    expect(parrot.keys).toContain(`Bearer ${keys[1]}`);

    await startCloud(Number(new URL(cloud.url).port));
    await until(health, "from the store as of");

    const planted = [...keys, token].map((secret) => ({ variable: secret.slice(0, 12), value: secret, secret }));
    const places = new Map([["shown", shown.join("\n")], ["up", up.stdout() + up.stderr()], ...readAllFiles(home)]);
    expect(findCanaries(planted, places)).toEqual([]);
  },
);
