import { createCipheriv, createDecipheriv, createSecretKey, randomBytes } from "node:crypto";
import { evaluate } from "../../src/secrets/esc/evaluate.ts";
import { sealSecrets } from "../../src/secrets/esc/seal-secrets.ts";
import type { Crypter, Surroundings } from "../../src/secrets/esc/surroundings.ts";

export interface Speed {
  firstOpen: Taken;
  open: Taken;
  deepImports: Taken;
  wideImports: Taken;
}

/** What opening costs, without disk: a production environment of 45 keys, and imports a thousand deep and wide. */
export async function measureSpeed(rounds: number): Promise<Speed> {
  const production = await productionEnvironment();
  const deep = deepImports(1_000);
  const wide = wideImports(1_000);
  const [first, ...others] = await times(rounds + 1, () => open(production));
  return {
    firstOpen: first ?? { wallMs: 0, cpuMs: 0 },
    open: median(others),
    deepImports: median(await times(5, () => open(deep))),
    wideImports: median(await times(5, () => open(wide))),
  };
}

type Files = Map<string, string>;

const key = createSecretKey(randomBytes(32));
const crypter: Crypter = {
  async encrypt(plaintext) {
    const nonce = randomBytes(12);
    const cipher = createCipheriv("aes-256-gcm", key, nonce);
    return Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
  },
  async decrypt(ciphertext) {
    const decipher = createDecipheriv("aes-256-gcm", key, ciphertext.subarray(0, 12));
    decipher.setAuthTag(ciphertext.subarray(-16));
    return Buffer.concat([decipher.update(ciphertext.subarray(12, -16)), decipher.final()]);
  },
};

interface Taken {
  wallMs: number;
  /** Of all threads, the garbage collector's too: other load on the machine does not count. */
  cpuMs: number;
}

async function times(count: number, run: () => Promise<unknown>): Promise<Taken[]> {
  const taken: Taken[] = [];
  for (let round = 0; round < count; round += 1) {
    const startedAt = performance.now();
    const before = process.cpuUsage();
    await run();
    const { user, system } = process.cpuUsage(before);
    taken.push({ wallMs: round2(performance.now() - startedAt), cpuMs: round2((user + system) / 1_000) });
  }
  return taken;
}

function round2(value: number): number {
  return Number(value.toFixed(2));
}

function median(taken: readonly Taken[]): Taken {
  const middle = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
  return { wallMs: middle(taken.map(({ wallMs }) => wallMs)), cpuMs: middle(taken.map(({ cpuMs }) => cpuMs)) };
}

async function open(files: Files): Promise<void> {
  const surroundings: Surroundings = {
    crypter,
    context: { pulumi: { user: { id: "bench" } } },
    findProvider: () => undefined,
    findRotator: () => undefined,
    loadEnvironment: async (name) => ({ source: files.get(name) ?? "", crypter }),
  };
  const { environment, diagnostics } = await evaluate({
    name: "root",
    source: files.get("root") ?? "",
    mode: "open",
    surroundings,
  });
  if (diagnostics.length > 0 || environment === undefined) {
    throw new Error(diagnostics[0]?.summary ?? "nothing was evaluated");
  }
}

/** Four groups with a base each, ten sealed keys in every group, each shown as a variable too. */
async function productionEnvironment(): Promise<Files> {
  const files: Files = new Map();
  const groups = ["ai", "data", "infrastructure", "business"];
  for (const group of groups) {
    files.set(`${group}-base`, `values:\n  ${group}Region: eu-west-1\n  owner: platform\n`);
    const keys = Array.from({ length: 10 }, (_, index) => `key${index}`);
    const secrets = keys.map((name) => `    ${name}:\n      fn::secret: ${randomBytes(24).toString("hex")}\n`);
    const variables = keys.map((name) => `    ${group.toUpperCase()}_${name.toUpperCase()}: \${${group}.${name}}\n`);
    const text = `imports:\n  - ${group}-base\nvalues:\n  ${group}:\n${secrets.join("")}  environmentVariables:\n${variables.join("")}`;
    files.set(group, await sealSecrets(text, crypter));
  }
  files.set("root", `imports:\n${groups.map((group) => `  - ${group}\n`).join("")}values:\n  stage: production\n`);
  return files;
}

function deepImports(count: number): Files {
  const files: Files = new Map([["root", "imports:\n  - e0\nvalues:\n  root: 1\n"]]);
  for (let index = 0; index < count; index += 1) {
    const imports = index + 1 < count ? `imports:\n  - e${index + 1}\n` : "";
    files.set(`e${index}`, `${imports}values:\n  own${index}: ${index}\n  shared: { at: ${index}, by: x }\n`);
  }
  return files;
}

function wideImports(count: number): Files {
  const names = Array.from({ length: count }, (_, index) => `e${index}`);
  const files: Files = new Map([
    ["root", `imports:\n${names.map((name) => `  - ${name}\n`).join("")}values:\n  root: 1\n`],
  ]);
  for (const [index, name] of names.entries()) {
    files.set(name, `values:\n  own${index}: ${index}\n  shared: { at: ${index}, by: x }\n`);
  }
  return files;
}
