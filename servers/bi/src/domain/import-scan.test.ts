import { mkdir, mkdtemp, realpath, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { scanFolder } from "./import-scan.ts";
import { stageFile } from "./stage-file.ts";

const limits = { maxFiles: 10, maxFileBytes: 1_000_000 };
const never = new AbortController().signal;

let base: string;
let folder: string;

beforeEach(async () => {
  base = await realpath(await mkdtemp(join(tmpdir(), "sophia-scan-")));
  folder = join(base, "files");
  await mkdir(folder);
  await mkdir(join(base, "outside"));
  await mkdir(join(base, "files-sibling"));
  await writeFile(join(base, "outside", "secret.csv"), "a\n1\n");
  await writeFile(join(base, "files-sibling", "secret.csv"), "a\n1\n");
  await symlink(join(base, "outside"), join(folder, "escape"));
});
afterEach(async () => await rm(base, { recursive: true, force: true }));

describe("fault 89: paths outside the allowed folders", () => {
  test.each([
    "..",
    "../",
    "../outside",
    "../outside/secret.csv",
    "../files-sibling",
    "/etc",
    "/etc/passwd",
    "a/../../outside",
    "%2e%2e/outside",
    "escape",
    "escape/secret.csv",
    "nowhere",
    "no\0pe",
    "..\\outside",
    "file:///etc",
  ])("%j is refused, whether it exists or not", async (path) => {
    await expect(scanFolder(path, [folder], limits)).rejects.toMatchObject({
      kind: path.includes("\0") ? "invalid_input" : "denied",
    });
  });

  test("no path out of dots, slashes and names finds a file outside", async () => {
    const piece = fc.constantFrom(
      "..",
      ".",
      "/",
      "//",
      "outside",
      "files",
      "escape",
      "secret.csv",
      "files-sibling",
      "~",
      "%2f",
      "\u2025",
      base,
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(piece, { minLength: 1, maxLength: 7 }),
        fc.constantFrom("/", ""),
        async (pieces, join_) => {
          const scan = await scanFolder(pieces.join(join_), [folder], limits).catch((error: unknown) => error);
          if (scan instanceof Error) expect((scan as { kind?: string }).kind).toMatch(/denied|invalid_input/);
          else expect(scan).toMatchObject({ files: [] });
        },
      ),
      { numRuns: 300 },
    );
  });

  test("without a folder to import from, the fix is named", async () => {
    await expect(scanFolder(".", [], limits)).rejects.toMatchObject({
      kind: "not_configured",
      hint: expect.stringContaining("SOPHIA_BI_FOLDER"),
    });
  });
});

describe("files of a folder", () => {
  test("links that lead out or nowhere, doubles, empty, large and foreign files are left out with the reason", async () => {
    await writeFile(join(folder, "real.csv"), "a\n1\n");
    await symlink(join(folder, "real.csv"), join(folder, "zz-again.csv"));
    await symlink(join(base, "outside", "secret.csv"), join(folder, "linked.csv"));
    await symlink(join(folder, "nowhere.csv"), join(folder, "broken.csv"));
    await writeFile(join(folder, "empty.json"), "");
    await writeFile(join(folder, "large.csv"), "x".repeat(1_000_001));
    await writeFile(join(folder, "notes.pdf"), "x");
    await writeFile(join(folder, ".hidden.csv"), "a\n1\n");
    await mkdir(join(folder, "sub"));
    await writeFile(join(folder, "sub", "b.PARQUET"), "x");
    const scan = await scanFolder(".", [folder], limits);
    expect(scan.files.map((file) => [file.relativePath, file.format])).toEqual([
      ["real.csv", "csv"],
      ["sub/b.PARQUET", "parquet"],
    ]);
    expect(scan.files[0]?.path).toBe(join(folder, "real.csv"));
    const reasons = scan.skipped.map((one) => one.reason).sort();
    expect(reasons).toEqual([
      "a link that leads nowhere",
      "a link that leads out of the folder",
      "empty",
      "larger than 1 MB",
      "not CSV, TSV, JSON, NDJSON or Parquet",
      "not CSV, TSV, JSON, NDJSON or Parquet",
      "the same file under another name",
    ]);
  });

  test("only so many, in a stable order", async () => {
    for (let i = 19; i >= 0; i--) await writeFile(join(folder, `f${String(i).padStart(2, "0")}.csv`), "a\n1\n");
    const scan = await scanFolder(folder, [folder], limits);
    expect(scan.files.map((file) => file.relativePath)).toEqual(Array.from({ length: 10 }, (_, i) => `f0${i}.csv`));
    expect(scan.skipped.filter((one) => one.reason === "more than 10 files")).toHaveLength(10);
  });
});

describe("opening a file", () => {
  test("a link put in its place after the scan is refused", async () => {
    const path = join(folder, "a.csv");
    await writeFile(path, "a\n1\n");
    const [file] = (await scanFolder(".", [folder], limits)).files;
    expect(file?.path).toBe(path);
    await rm(path);
    await symlink(join(base, "outside", "secret.csv"), path);
    await expect(stageFile(path, folder, join(base, "copy"), 1_000, never)).rejects.toMatchObject({ kind: "denied" });
  });

  test("a folder on the way swapped for a link is refused", async () => {
    await mkdir(join(folder, "sub"));
    await writeFile(join(folder, "sub", "secret.csv"), "a\n1\n");
    await rename(join(folder, "sub"), join(folder, "moved"));
    await symlink(join(base, "outside"), join(folder, "sub"));
    await expect(
      stageFile(join(folder, "sub", "secret.csv"), folder, join(base, "copy"), 1_000, never),
    ).rejects.toMatchObject({ kind: "denied" });
  });

  test("a file that grows over the limit while it is read is refused", async () => {
    await writeFile(join(folder, "a.csv"), "x".repeat(2_000));
    await expect(stageFile(join(folder, "a.csv"), folder, join(base, "copy"), 1_000, never)).rejects.toMatchObject({
      kind: "invalid_input",
    });
  });
});
