import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { CliSettings } from "../load-config.ts";
import { startSophia } from "../supervisor/testing/run-sophia.ts";
import { findCanaries, plantCanaries, readAllFiles } from "./canaries.ts";
import { callAllServers, startParrot } from "./canary-calls.ts";
import { connectLegacy } from "./clients.ts";
import { environmentFor, freePorts, ready, serverIds, startSite } from "./start-servers.ts";

// No store answers at these addresses, and a server would not start without: they have tests of their own.
const unreachable = new Set(["SOPHIA_DATABASE_URL", "SOPHIA_REDIS_URL"]);
// Read by commands alone, or naming where the store itself is.
const ofCommands = new Set([...Object.keys(CliSettings.shape), "PULUMI_BACKEND_URL"]);
const canaries = plantCanaries().filter(({ variable }) => !unreachable.has(variable) && !ofCommands.has(variable));

let home = "";
let dataDir = "";
let environment: Record<string, string> = {};
const places = new Map<string, string>();
const closing: (() => unknown)[] = [];

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "sophia-store-"));
  dataDir = join(home, "data");
  places.clear();
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  rmSync(home, { recursive: true, force: true });
});

function valueOf(variable: string): string {
  return canaries.find((canary) => canary.variable === variable)?.value ?? "";
}

async function sophia(command: string): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const ended = await startSophia(command.split(" "), environment).ended;
  places.set(`sophia ${command}`, `${ended.stdout}\n${ended.stderr}`);
  return ended;
}

/** Every secret of every service into the store, out of an `.env` file that is gone afterwards. */
async function fillStore(values: ReadonlyMap<string, string>): Promise<void> {
  mkdirSync(dataDir, { recursive: true });
  const file = join(home, "secrets.env");
  const lines = [...values].map(([name, value]) => `${name}="${value}"`);
  writeFileSync(file, `${lines.join("\n")}\n`, { mode: 0o600 });
  expect(await sophia("secrets init")).toMatchObject({ code: 0 });
  const imported = await sophia(`secrets import ${file}`);
  expect(imported.code, imported.stderr).toBe(0);
  rmSync(file);
}

async function setUp(): Promise<{ urls: string[]; pageUrl: string; keys: Set<string> }> {
  const site = await startSite(() => "<html><body><article><p>A page of some words.</p></article></body></html>");
  const parrot = await startParrot();
  closing.push(site.close, parrot.close);
  const ports = await freePorts(5);
  environment = {
    ...environmentFor(dataDir, site.host, ports),
    HOME: home,
    SOPHIA_LOG_LEVEL: "trace",
    SOPHIA_SECRETS_REFRESH_SECONDS: "1",
  };
  delete environment["SOPHIA_TOKEN"];
  const values = new Map(canaries.map(({ variable, value }) => [variable, value]));
  await fillStore(values.set("SOPHIA_OPENAI_BASE_URL", parrot.url).set("SOPHIA_OPENAI_MODELS", "parrot"));
  return {
    urls: serverIds.map((_id, index) => `http://127.0.0.1:${ports[index]}`),
    pageUrl: `http://${site.host}/page`,
    keys: parrot.keys,
  };
}

function startUp() {
  const up = startSophia(["up"], environment);
  closing.push(async () => {
    up.child.kill("SIGTERM");
    const { stdout, stderr } = await up.ended;
    places.set("up stdout", stdout);
    places.set("up stderr", stderr);
  });
  return up;
}

/** What `ps` shows of every process of ours: arguments, and environments too. */
function readProcesses(): void {
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    for (const file of ["cmdline", "environ"]) {
      try {
        const content = readFileSync(join("/proc", pid, file), "latin1");
        // This test itself holds the canaries, and so do its sister processes.
        if (file === "cmdline" || content.includes(dataDir)) places.set(`/proc/${pid}/${file}`, content);
      } catch {
        // It has ended, or belongs to somebody else.
      }
    }
  }
}

async function waitFor(condition: () => boolean, what: string): Promise<void> {
  for (let attempt = 0; attempt < 150; attempt++) {
    if (condition()) return;
    await delay(200);
  }
  throw new Error(`Waited in vain: ${what}`);
}

test(
  "fault 103: secrets of the store serve all four servers, follow a change, and are in the clear nowhere",
  { timeout: 300_000 },
  async () => {
    const { urls, pageUrl, keys } = await setUp();
    const up = startUp();
    await Promise.all(urls.map((url) => ready(url)));
    await callAllServers({ urls, pageUrl, bearer: valueOf("SOPHIA_TOKEN") }, places);
    expect(keys).toContain(`Bearer ${valueOf("SOPHIA_OPENAI_API_KEY")}`);

    // Another value, without a restart of anything.
    const next = "canary-after-a-change-71b6e0f2d94a4c58";
    writeFileSync(join(home, "next"), next);
    expect(await sophia(`secrets set SOPHIA_OPENAI_API_KEY --file ${join(home, "next")}`)).toMatchObject({ code: 0 });
    rmSync(join(home, "next"));
    await waitFor(() => up.stderr().includes("Took changed secrets"), "the AI server takes the new key");
    const client = await connectLegacy({ kind: "http", url: urls[0] ?? "", bearer: valueOf("SOPHIA_TOKEN") });
    await client.callTool({ name: "complete", arguments: { prompt: "Say something about the changed key." } });
    await client.close();
    expect(keys).toContain(`Bearer ${next}`);

    readProcesses();
    const commands = ["doctor", "doctor --json", "status --json", "secrets ls", "secrets ls --json"];
    const looking = ["get", "log", "check"].flatMap((verb) =>
      ["sophia-ai-development", "ai-intelligence-development"].map((name) => `secrets ${verb} sophia/${name}`),
    );
    for (const command of [...commands, ...looking]) await sophia(command);
    expect(places.get("sophia doctor --json")).toContain('"mode":"live"');
    for (const close of closing.splice(0).toReversed()) await close();
    for (const [path, content] of readAllFiles(home)) places.set(path, content);

    expect([...places.keys()].filter((name) => name.startsWith("/proc/")).length).toBeGreaterThan(5);
    expect([...places.keys()].some((name) => name.includes("revisions"))).toBe(true);
    const planted = [...canaries, { variable: "changed", value: next, secret: next }];
    expect(findCanaries(planted, places)).toEqual([]);
  },
);

test("a start survives the loss of the store, says so, and goes back to it", { timeout: 120_000 }, async () => {
  const { urls } = await setUp();
  const first = startUp();
  await ready(urls[0] ?? "");
  await waitFor(() => readdirSync(join(dataDir, "secrets", "last-good")).length === 4, "all four keep a copy");
  first.child.kill("SIGTERM");
  await first.ended;
  const folder = join(dataDir, "secrets", "environments");
  renameSync(folder, `${folder}.away`);

  const second = startUp();
  await Promise.all(urls.map((url) => ready(url)));
  const authorization = `Bearer ${valueOf("SOPHIA_TOKEN")}`;
  const health = async (): Promise<string> =>
    (await fetch(`${urls[0]}/healthz`, { headers: { authorization } })).text();
  expect(await health()).toContain("the secret store is away");
  expect(second.stderr()).toContain("started with the encrypted copy");

  renameSync(`${folder}.away`, folder);
  let text = "";
  for (let attempt = 0; attempt < 50 && !text.includes("from the store as of"); attempt++) {
    await delay(200);
    text = await health();
  }
  expect(text).toContain("from the store as of");
});
