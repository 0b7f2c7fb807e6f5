/**
 * What the local store of environments costs, disk included, in a warm process: opening the production hierarchy (45
 * keys, most of them secrets: a composed environment that imports four groups, each of which imports the base and the
 * stores), opening what one server opens, looking whether anything changed, and writing a new revision.
 *
 * `pnpm bench secrets [--json] [--seed N] [--rounds N]`
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { systemClock } from "../src/limits/clock.ts";
import { createKeyring } from "../src/secrets/backend/local/keyring.ts";
import { createLocalBackend } from "../src/secrets/backend/local/local-backend.ts";
import type { EnvironmentId } from "../src/secrets/backend/secret-backend.ts";

const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    rounds: { type: "string", default: "200" },
    seed: { type: "string", default: "1" },
  },
});
const rounds = Number(values.rounds);
const seed = Number(values.seed);
const folder = mkdtempSync(join(tmpdir(), "sophia-bench-secrets-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));

const groups = ["ai_intelligence", "data_intelligence", "infrastructure", "business_intelligence"];
const keysOfGroup = 9;
const keysOfStores = 6;
const keysOfBase = 3;
const keys = groups.length * keysOfGroup + keysOfStores + keysOfBase;

// Not random for its own sake: the same seed makes the same texts.
let state = seed;
function nextHex(length: number): string {
  let text = "";
  while (text.length < length) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    text += state.toString(16).padStart(8, "0");
  }
  return text.slice(0, length);
}

function define(group: string, count: number, imports: readonly string[], isSecret: boolean): string {
  const names = Array.from({ length: count }, (_, index) => `${group.toUpperCase()}_KEY_${index}`);
  const members = names.map((name) => {
    const value = `key-${nextHex(40)}`;
    return `      ${name}:${isSecret ? `\n        fn::secret: ${value}` : ` ${value}`}`;
  });
  return [
    ...(imports.length > 0 ? ["imports:", ...imports.map((name) => `  - ${name}`)] : []),
    "values:",
    `  ${group}:`,
    "    service:",
    ...members,
    "  environmentVariables:",
    ...names.map((name) => `    ${name}: \${${group}.service.${name}}`),
    "",
  ].join("\n");
}

const keyring = createKeyring(Buffer.alloc(32, seed));
const backend = createLocalBackend({ folder, keyring, author: "bench", clock: systemClock });
const shared = ["sophia/base", "sophia/stores-production"];
const groupNames = groups.map((group) => `${group.replaceAll("_", "-")}-production`);

async function add(name: string, yaml: string): Promise<EnvironmentId> {
  const id = { project: "sophia", name };
  await backend.create(id);
  const result = await backend.update(id, yaml);
  if (!result.kept) throw new Error(`${name}: ${JSON.stringify(result.diagnostics)}`);
  return id;
}

await add("base", define("shared", keysOfBase, [], false));
await add("stores-production", define("stores", keysOfStores, [], true));
const ids: EnvironmentId[] = [];
for (const [index, group] of groups.entries()) {
  ids.push(await add(groupNames[index] ?? "", define(group, keysOfGroup, shared, true)));
}
const composedText = `imports:\n${groupNames.map((name) => `  - sophia/${name}\n`).join("")}`;
const composed = await add("sophia-ai-production", composedText);
const [group = composed] = ids;
const groupText = (await backend.read(group, { decrypt: true })).yaml;

const opened = await backend.open(composed);
const variables = opened.environment?.properties.get("environmentVariables")?.value;
const found = variables instanceof Map ? variables.size : 0;
if (found !== keys) throw new Error(`${found} of ${keys} keys: ${JSON.stringify(opened.diagnostics)}`);

/** On a machine with other work, `cpuMs` (all threads of this process) and `p5Ms` tell more than the median. */
interface Cost {
  p5Ms: number;
  medianMs: number;
  p95Ms: number;
  cpuMs: number;
}

async function measure(work: () => Promise<unknown>, times = rounds): Promise<Cost> {
  for (let round = 0; round < Math.ceil(times / 5); round++) await work();
  const before = process.cpuUsage();
  const samples: number[] = [];
  for (let round = 0; round < times; round++) {
    const startedAt = performance.now();
    await work();
    samples.push(performance.now() - startedAt);
  }
  const { user, system } = process.cpuUsage(before);
  samples.sort((one, other) => one - other);
  const at = (part: number): number => samples[Math.min(samples.length - 1, Math.floor(samples.length * part))] ?? 0;
  return { p5Ms: at(0.05), medianMs: at(0.5), p95Ms: at(0.95), cpuMs: (user + system) / 1_000 / times };
}

const costs = {
  openComposed: await measure(() => backend.open(composed)),
  openGroup: await measure(() => backend.open(group)),
  lookForChanges: await measure(() => backend.version(composed)),
  readText: await measure(() => backend.read(group)),
  update: await measure(() => backend.update(group, groupText), Math.ceil(rounds / 4)),
};

const settings = { rounds, keys, environments: ids.length + 3 };
if (values.json) {
  const round = (value: number): number => Number(value.toFixed(3));
  const rounded = Object.entries(costs).map(([name, { p5Ms, medianMs, p95Ms, cpuMs }]) => {
    return [name, { p5Ms: round(p5Ms), medianMs: round(medianMs), p95Ms: round(p95Ms), cpuMs: round(cpuMs) }];
  });
  console.log(JSON.stringify({ ...Object.fromEntries(rounded), settings, seed }));
} else {
  console.log(
    `The local store of environments: ${keys} keys in ${settings.environments} environments, ${rounds} rounds`,
  );
  console.table({
    [`open all ${keys} keys (goal < 20 ms)`]: format(costs.openComposed),
    "open one server's group": format(costs.openGroup),
    "look for changes": format(costs.lookForChanges),
    "read one text": format(costs.readText),
    "update one environment, to the disk": format(costs.update),
  });
}

function format({ p5Ms, medianMs, p95Ms, cpuMs }: Cost): Record<string, string> {
  return {
    "p5 ms": p5Ms.toFixed(2),
    "median ms": medianMs.toFixed(2),
    "p95 ms": p95Ms.toFixed(2),
    "CPU ms": cpuMs.toFixed(2),
  };
}
