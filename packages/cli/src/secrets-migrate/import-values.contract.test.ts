import { chmodSync, lstatSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findCanaries, readAllFiles } from "../end-to-end/canaries.ts";
import { runImportValues } from "./import-values.ts";
import type { ImportOptions } from "./import-values.ts";
import { createMigrationHarness } from "./testing/migration-harness.ts";
import type { MigrationHarness } from "./testing/migration-harness.ts";
import { hostileSecrets } from "./testing/hostile-secrets.ts";

let harness: MigrationHarness;
beforeEach(() => void (harness = createMigrationHarness()));
afterEach(() => harness.close());

const openrouterKey = `sk-or-v1-${"a1".repeat(32)}`;
const huggingfaceKey = `hf_${"aB".repeat(17)}`;
const envText = `# keys
OPENROUTER_API_KEY=${openrouterKey}
export HUGGINGFACE_TOKEN='${huggingfaceKey}' # old name
DATABASE_URL="postgres://sophia:canary-db-word@db.example/app"
SOPHIA_PORT_AI=9001
SOPHIA_DATA_DIR=/var/lib/sophia
HF_TOKEN_2=${openrouterKey.replace("a1", "b2")}
TAVILY_API_KEY=${huggingfaceKey.replace("aB", "Zz")}
COMPANY_PEM="-----BEGIN KEY-----
canary-pem-line
-----END KEY-----"
COMPANY_PEM="-----BEGIN KEY-----
canary-pem-second
-----END KEY-----"
EMPTY=
a line of prose
`;

async function run(text: string, change: Partial<ImportOptions> = {}, environment: Record<string, string> = {}) {
  const file = join(harness.folder, ".env");
  if (change.file === undefined && !("file" in change)) writeFileSync(file, text, { mode: 0o640 });
  const command = harness.context(environment);
  const options: ImportOptions = {
    store: harness.store,
    stage: "production",
    file,
    names: [],
    dryRun: false,
    replace: false,
    remove: false,
    json: true,
    ...change,
  };
  const code = await runImportValues(command.context, options);
  const stdout = command.stdout();
  return { code, stdout, stderr: command.stderr(), report: options.json ? (JSON.parse(stdout) as Report) : undefined };
}

interface Report {
  run?: string;
  values: { name: string; variable: string; environment: string; status: string; doubt?: string }[];
  staying: string[];
  removedLines: number[];
}

describe("sophia secrets import", () => {
  it("puts every variable into its group's environment, the rest aside, and shows no value", async () => {
    const { code, stderr, report, stdout } = await run(envText);
    expect(code).toBe(0);
    const rows = report?.values.map(({ name, variable, environment, status }) => [name, variable, environment, status]);
    expect(rows).toEqual([
      ["OPENROUTER_API_KEY", "OPENROUTER_API_KEY", "sophia/ai-intelligence-production", "new"],
      ["HUGGINGFACE_TOKEN", "HF_TOKEN", "sophia/ai-intelligence-production", "new"],
      ["DATABASE_URL", "SOPHIA_DATABASE_URL", "sophia/stores-production", "new"],
      ["SOPHIA_PORT_AI", "SOPHIA_PORT_AI", expect.stringMatching(/^sophia\//), "new"],
      ["HF_TOKEN_2", "HF_TOKEN_2", "sophia/other-production", "new"],
      ["TAVILY_API_KEY", "TAVILY_API_KEY", "sophia/other-production", "new"],
      ["COMPANY_PEM", "COMPANY_PEM", "sophia/other-production", "new"],
    ]);
    expect(report?.staying).toEqual(["SOPHIA_DATA_DIR"]);
    expect(report?.values.find(({ name }) => name === "HF_TOKEN_2")?.doubt).toContain(
      "OPENROUTER_API_KEY holds another",
    );
    expect(report?.values.find(({ name }) => name === "TAVILY_API_KEY")?.doubt).toContain(
      "looks like one of Hugging Face",
    );
    expect(stderr).toContain("COMPANY_PEM stands there more than once; line 9");
    expect(stderr).toContain("line 16");
    expect(await harness.read("sophia/ai-intelligence-production", "environmentVariables.HF_TOKEN")).toBe(
      huggingfaceKey,
    );
    expect(
      await harness.read("sophia/ai-intelligence-production", "ai_intelligence.openrouter.OPENROUTER_API_KEY"),
    ).toBe(openrouterKey);
    expect(await harness.read("sophia/sophia-ai-production", "environmentVariables.SOPHIA_DATABASE_URL")).toContain(
      "canary-db-word",
    );
    expect(await harness.read("sophia/other-production", "other.COMPANY_PEM")).toBe(
      "-----BEGIN KEY-----\ncanary-pem-second\n-----END KEY-----",
    );
    expect(await harness.read("sophia/other-production", "environmentVariables.OPENROUTER_API_KEY")).toBeUndefined();
    for (const value of [openrouterKey, huggingfaceKey, "canary-"]) expect(stdout + stderr).not.toContain(value);
  });

  it("changes nothing the second time, nor with --dry-run", async () => {
    await run(envText, { dryRun: true });
    await expect(harness.store.backend.get({ project: "sophia", name: "other-production" })).rejects.toThrow();
    await run(envText);
    const before = readAllFiles(join(harness.dataDir, "secrets", "environments"));
    const again = await run(envText);
    expect(again.code).toBe(0);
    expect(again.report?.values.every(({ status }) => status === "same")).toBe(true);
    expect(readAllFiles(join(harness.dataDir, "secrets", "environments"))).toEqual(before);
  });

  it("leaves another value alone until it is told to replace it", async () => {
    await run("TAVILY_API_KEY=tvly-first-0123456789abcdef\n");
    const changed = "TAVILY_API_KEY=tvly-second-0123456789abcdef\n";
    const kept = await run(changed, { json: false });
    expect(kept.code).toBe(1);
    expect(kept.stdout).toContain("changed (kept)");
    expect(kept.stderr).toContain("Left alone, because the store holds another value: TAVILY_API_KEY");
    const id = "sophia/data-intelligence-production";
    expect(await harness.read(id, "environmentVariables.TAVILY_API_KEY")).toContain("first");
    expect((await run(changed, { replace: true })).code).toBe(0);
    expect(await harness.read(id, "environmentVariables.TAVILY_API_KEY")).toContain("second");
  });

  it("keeps what stands there already: comments, other values, a person's own way to list a variable", async () => {
    const id = { project: "sophia", name: "data-intelligence-production" };
    await harness.store.backend.create(id);
    const text = `# mine
values:
  keys:
    # the one from May
    tavily:
      fn::secret: tvly-mine-0123456789abcdef
  environmentVariables:
    TAVILY_API_KEY: \${keys.tavily} # by hand
`;
    await harness.store.backend.update(id, text);
    const { report } = await run(
      "TAVILY_API_KEY=tvly-mine-0123456789abcdef\nAPIFY_TOKEN=apify_api_0123456789abcdef0123456789abcdef\n",
    );
    expect(report?.values.map(({ status }) => status)).toEqual(["same", "new"]);
    const { yaml } = await harness.store.backend.read(id);
    expect(yaml).toContain("# mine");
    expect(yaml).toContain("# the one from May");
    expect(yaml).toContain("TAVILY_API_KEY: ${keys.tavily} # by hand");
    expect(await harness.read("sophia/data-intelligence-production", "environmentVariables.APIFY_TOKEN")).toContain(
      "apify_api_",
    );
  });

  it("takes imported lines out of the file, keeps its mode, and keeps a sealed copy first", async () => {
    const file = join(harness.folder, ".env");
    writeFileSync(file, envText);
    chmodSync(file, 0o640);
    const { report } = await run(envText, { file, remove: true });
    const rest = readFileSync(file, "utf8");
    expect(rest).toBe("# keys\nSOPHIA_DATA_DIR=/var/lib/sophia\nEMPTY=\na line of prose\n");
    expect(statSync(file).mode & 0o777).toBe(0o640);
    expect(report?.removedLines).toHaveLength(8);
    const folder = join(harness.dataDir, "secrets", "migrations", report?.run ?? "");
    expect(readFileSync(join(folder, "file.sealed"), "utf8")).not.toContain("OPENROUTER");
  });

  it("takes lines out of the file behind a link, and leaves the link", async () => {
    const [real, file] = [join(harness.folder, "shared.env"), join(harness.folder, ".env")];
    writeFileSync(real, envText);
    symlinkSync(real, file);
    await run(envText, { file, remove: true });
    expect(lstatSync(file).isSymbolicLink()).toBe(true);
    expect(readFileSync(real, "utf8")).not.toContain(openrouterKey);
  });

  it("imports from the process only what is Sophia's, and one variable by its name", async () => {
    const environment = { PINECONE_API_KEY: `pcsk_${"aB3_".repeat(16)}`, HOME: "/root", MY_TOKEN: "something-secret" };
    const { report } = await run("", { file: undefined }, environment);
    expect(report?.values.map(({ name }) => name)).toEqual(["PINECONE_API_KEY"]);
    const named = await run("", { file: undefined, names: ["MY_TOKEN"] }, environment);
    expect(named.report?.values.map(({ name, environment: id }) => [name, id])).toEqual([
      ["MY_TOKEN", "sophia/other-production"],
    ]);
    await expect(run("", { file: undefined, names: ["MISSING"] }, environment)).rejects.toThrow(/no MISSING to import/);
  });

  it("keeps every value byte for byte", async () => {
    const values = Object.entries(hostileSecrets).filter(([, value]) => value !== "");
    const lines = values.map(([name]) => name);
    const environment = Object.fromEntries(values.map(([name, value]) => [`X_${name}`, value]));
    const { code } = await run("", { file: undefined, names: lines.map((name) => `X_${name}`) }, environment);
    expect(code).toBe(0);
    for (const [name, value] of values) {
      expect(await harness.read("sophia/other-production", `environmentVariables.X_${name}`), name).toBe(value);
    }
  });

  it("leaves no value in the clear anywhere below the data directory, the audit included", async () => {
    const parsed = Object.entries(parseEnv(envText)).filter(
      ([name]) => !name.startsWith("SOPHIA_") && name !== "EMPTY",
    );
    await run(envText, { remove: true });
    const canaries = parsed.map(([variable, value = ""]) => ({
      variable,
      value,
      secret: value.split("\n")[1] ?? value,
    }));
    const files = readAllFiles(harness.dataDir);
    expect([...files.keys()].some((path) => path.includes("audit"))).toBe(true);
    expect(findCanaries(canaries, files)).toEqual([]);
  });
});
