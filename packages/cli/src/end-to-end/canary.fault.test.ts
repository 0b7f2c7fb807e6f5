import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { services } from "@sophia/vendors/registry";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startSophia } from "../supervisor/testing/run-sophia.ts";
import { type Canary, findCanaries, plantCanaries, readAllFiles } from "./canaries.ts";
import { callAllServers, startParrot } from "./canary-calls.ts";
import { environmentFor, freePorts, ready, serverIds, startSite } from "./start-servers.ts";

const canaries = plantCanaries();
/** Settings that the servers are started without: no store answers there. They have a test of their own. */
const unreachable = "SOPHIA_DATABASE_URL";

let home = "";
let environment: Record<string, string> = {};
const places = new Map<string, string>();
const closing: (() => void)[] = [];

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "sophia-canary-"));
  places.clear();
});
afterEach(() => {
  for (const close of closing.splice(0)) close();
  rmSync(home, { recursive: true, force: true });
});

function valueOf(variable: string): string {
  return canaries.find((canary) => canary.variable === variable)?.value ?? "";
}

/** What a person runs beside the servers, in the same shell. */
async function runCommands(): Promise<void> {
  const commands = [
    "doctor",
    "doctor --json",
    "status",
    "status --json",
    "plans --all",
    "plans --all --json",
    "token list",
    "token list --json",
    "audit verify",
    "approve pl_none",
    "refuse pl_none --reason x",
    `connect cursor --file ${join(home, "cursor", "mcp.json")}`,
  ];
  for (const command of commands) {
    const { stdout, stderr } = await startSophia(command.split(" "), environment).ended;
    places.set(`sophia ${command}`, `${stdout}\n${stderr}`);
  }
}

async function prepare(dataDir: string): Promise<{ urls: string[]; pageUrl: string; keys: Set<string> }> {
  const site = await startSite(
    () => "<html><body><article><p>A page of some words to read.</p></article></body></html>",
  );
  closing.push(() => site.close());
  const parrot = await startParrot();
  closing.push(parrot.close);
  const ports = await freePorts(5);
  environment = {
    ...environmentFor(dataDir, site.host, ports),
    ...Object.fromEntries(canaries.map(({ variable, value }) => [variable, value])),
    HOME: home,
    SOPHIA_LOG_LEVEL: "trace",
    SOPHIA_OPENAI_BASE_URL: parrot.url,
    SOPHIA_OPENAI_MODELS: "parrot",
  };
  delete environment[unreachable];
  const urls = serverIds.map((_id, index) => `http://127.0.0.1:${ports[index]}`);
  return { urls, pageUrl: `http://${site.host}/page`, keys: parrot.keys };
}

test("a canary in every setting is of its key's shape, and the search would find it", () => {
  expect(canaries.length).toBeGreaterThan(24);
  expect(new Set(canaries.map(({ secret }) => secret)).size).toBe(canaries.length);
  const shapes = services.flatMap(({ keyShape }) => keyShape.filter(({ isDistinct }) => isDistinct));
  for (const [variable, known] of Map.groupBy(shapes, (shape) => shape.variable)) {
    const value = valueOf(variable);
    expect(
      known.some(({ pattern }) => pattern.test(value)),
      variable,
    ).toBe(true);
  }
  mkdirSync(join(home, "deep"));
  const planted = (canary: Canary): string => Buffer.from(`\u0000${canary.secret}\u00FF`, "latin1").toString("latin1");
  for (const canary of canaries) writeFileSync(join(home, "deep", canary.variable), planted(canary), "latin1");
  expect(findCanaries(canaries, readAllFiles(home))).toHaveLength(canaries.length);
});

test(
  "fault 103: a canary secret planted in every configuration value appears nowhere",
  { timeout: 240_000 },
  async () => {
    const dataDir = join(home, "data");
    const { urls, pageUrl, keys } = await prepare(dataDir);
    const up = startSophia(["up"], environment);
    try {
      await Promise.all(urls.map((url) => ready(url)));
      await callAllServers({ urls, pageUrl, bearer: valueOf("SOPHIA_TOKEN") }, places);
      await runCommands();
    } finally {
      up.child.kill("SIGTERM");
    }
    const { stdout, stderr } = await up.ended;
    places.set("up stdout", stdout);
    places.set("up stderr", stderr);
    for (const [path, content] of readAllFiles(dataDir)) places.set(path, content);

    // They were in use: the model server was sent its key, and doctor counts the services as configured.
    expect(keys).toContain(`Bearer ${valueOf("SOPHIA_OPENAI_API_KEY")}`);
    expect(places.get("sophia doctor --json")).toContain('"mode":"live"');
    expect(places.get("sophia status --json")).not.toContain('"down"');
    expect(stderr).toContain("traces cannot be delivered");
    expect(places.size).toBeGreaterThan(100);
    expect(findCanaries(canaries, places)).toEqual([]);
    // By design Cursor's own configuration holds the caller's token, and it alone.
    const cursor = readFileSync(join(home, "cursor", "mcp.json"), "utf8");
    expect(findCanaries(canaries, new Map([["mcp.json", cursor]]))).toEqual(["mcp.json: SOPHIA_TOKEN"]);
  },
);

test("nor when the start fails: a database away, or every value in the wrong place", { timeout: 120_000 }, async () => {
  await prepare(join(home, "data"));
  const away = { ...environment, [unreachable]: valueOf(unreachable) };
  // Each value moved to its neighbour, as by a slip in an .env file, and one where a number belongs.
  const shifted = Object.fromEntries(
    canaries.map(({ variable }, index) => [variable, canaries[(index + 1) % canaries.length]?.value ?? ""]),
  );
  const misplaced = { ...environment, ...shifted, SOPHIA_PORT_AI: valueOf("GITHUB_TOKEN") };
  for (const [name, variables] of Object.entries({ away, misplaced })) {
    for (const command of ["up", "plans", "doctor"]) {
      const { code, stdout, stderr } = await startSophia([command], variables).ended;
      expect({ name, command, code }).not.toMatchObject({ command: "up", code: 0 });
      places.set(`${name} ${command}`, `${stdout}\n${stderr}`);
    }
  }
  for (const [path, content] of readAllFiles(home)) places.set(path, content);
  expect(places.get("misplaced up")).toContain("SOPHIA_PORT_AI:");
  expect(findCanaries(canaries, places)).toEqual([]);
});
