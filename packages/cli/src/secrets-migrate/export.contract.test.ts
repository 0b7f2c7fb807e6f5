import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { unwrap } from "@sophia/core/config/secret";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { renderExportWorkflow } from "./export-workflow.ts";
import type { ExportWorkflowOptions } from "./export-workflow.ts";
import { createExportKeyPair, isFingerprintOf, openSealedExport } from "./sealed-export.ts";
import { hostileSecrets } from "./testing/hostile-secrets.ts";
import { runExportJob } from "./testing/run-export-job.ts";

const Workflow = z.object({
  on: z.object({ workflow_dispatch: z.unknown() }),
  permissions: z.object({}).strict(),
  jobs: z.record(
    z.string(),
    z.object({ environment: z.string().optional(), steps: z.array(z.record(z.string(), z.unknown())) }),
  ),
});

const pair = createExportKeyPair();
const options: ExportWorkflowOptions = {
  run: "run-1",
  repository: "octo/shop",
  publicKey: pair.publicKey,
  environments: ["production", 'odd "name": it\'s #1'],
  expiresAt: Date.now() + 3_600_000,
  names: [],
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sophia-export-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function readResults(): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".json"))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"));
}

describe("the export workflow", () => {
  it("is a workflow by hand, without rights, with a job for each place and one pinned action", () => {
    const text = renderExportWorkflow(options);
    const workflow = Workflow.parse(parse(text));
    expect(Object.keys(workflow.on)).toEqual(["workflow_dispatch"]);
    expect(Object.keys(workflow.jobs)).toEqual(["base", "environment-1", "environment-2"]);
    expect(Object.values(workflow.jobs).map(({ environment }) => environment)).toEqual([
      undefined,
      "production",
      'odd "name": it\'s #1',
    ]);
    expect(text.match(/uses: .*/g)).toHaveLength(3);
    expect(new Set(text.match(/uses: .*/g))).toEqual(
      new Set([expect.stringMatching(/^uses: actions\/upload-artifact@[0-9a-f]{40} # v/)]),
    );
    expect(text.match(/\$\{\{ [^}]*\}\}/g)?.filter((each) => !each.includes("runner.temp"))).toEqual(
      Array(3).fill("${{ toJSON(secrets) }}"),
    );
  });

  it("refuses a name of an environment that would be an expression", () => {
    expect(() => renderExportWorkflow({ ...options, environments: ["${{ secrets.A }}"] })).toThrow(
      /no workflow can hold/,
    );
  });

  it("brings every value home byte for byte when its script runs, and leaves github_token out", async () => {
    const secrets = { ...hostileSecrets, github_token: "ghs_of_the_job_itself" };
    await runExportJob({ workflow: renderExportWorkflow(options), job: "base", secrets, temp: folder });
    const opened = readResults().flatMap((text) => openSealedExport(text, "run-1", pair.privateKey));
    expect(Object.fromEntries(opened.map(({ name, value }) => [name, unwrap(value)]))).toEqual(hostileSecrets);
    for (const { value, fingerprint, fingerprintKey } of opened) {
      expect(isFingerprintOf(unwrap(value), fingerprint, fingerprintKey)).toBe(true);
    }
  });

  it("shows no value in its output, its files or its command line", async () => {
    const secret = "canary-7f3a9c1e5b";
    const { output, commandLines } = await runExportJob({
      workflow: renderExportWorkflow(options),
      job: "environment-2",
      secrets: { TOKEN: secret },
      temp: folder,
    });
    const seen = [output, ...commandLines, ...readResults()].join("\n");
    expect(seen).toContain("1 secrets sealed.");
    for (const form of [secret, Buffer.from(secret).toString("base64"), Buffer.from(secret).toString("hex")]) {
      expect(seen).not.toContain(form);
    }
  });

  it("reads secrets one by one when they are named, more of them than one variable could hold", async () => {
    const names = Array.from({ length: 60 }, (_, index) => `SECRET_${index}`);
    const secrets = Object.fromEntries(names.map((name, index) => [name, `${index}-`.repeat(12_000).slice(0, 48_000)]));
    const workflow = renderExportWorkflow({ ...options, names: [...names, "GONE"] });
    await runExportJob({ workflow, job: "base", secrets, temp: folder });
    const opened = readResults().flatMap((text) => openSealedExport(text, "run-1", pair.privateKey));
    expect(Object.fromEntries(opened.map(({ name, value }) => [name, unwrap(value)]))).toEqual(secrets);
  });

  it("does nothing after its time, nor with what is no JSON, and quotes none of it", async () => {
    const late = renderExportWorkflow({ ...options, expiresAt: Date.now() - 1 });
    const secrets = { TOKEN: "canary-7f3a9c1e5b" };
    await expect(runExportJob({ workflow: late, job: "base", secrets, temp: folder })).rejects.toThrow(/has expired/);
    const broken = {
      workflow: renderExportWorkflow(options),
      job: "base",
      secrets,
      temp: folder,
      rawJson: '{"TOKEN": "canary-7',
    };
    const failure: unknown = await runExportJob(broken).catch((thrown: unknown) => thrown);
    expect(String(failure)).toContain("cannot be read");
    expect(String(failure)).not.toContain("canary");
    expect(readResults()).toEqual([]);
  });
});

describe("openSealedExport", () => {
  it("refuses another run's file, another key, and any altered byte", async () => {
    const workflow = renderExportWorkflow(options);
    await runExportJob({ workflow, job: "base", secrets: { TOKEN: "value-of-the-token" }, temp: folder });
    const [text = ""] = readResults();
    expect(() => openSealedExport(text, "run-2", pair.privateKey)).toThrow(/belongs to the export run-1/);
    expect(() => openSealedExport(text, "run-1", createExportKeyPair().privateKey)).toThrow(/another key/);
    expect(() => openSealedExport("{}", "run-1", pair.privateKey)).toThrow(/no result/);
    const sealed = JSON.parse(text) as Record<string, string>;
    for (const field of ["scope", "key", "nonce", "ciphertext", "tag"]) {
      const changed = { ...sealed, [field]: field === "scope" ? "environment x" : flip(sealed[field] ?? "") };
      expect(() => openSealedExport(JSON.stringify(changed), "run-1", pair.privateKey), field).toThrow(
        /altered|no result/,
      );
    }
    expect(openSealedExport(text, "run-1", pair.privateKey)).toHaveLength(1);
  });
});

function flip(text: string): string {
  return (text.startsWith("A") ? "B" : "A") + text.slice(1);
}
