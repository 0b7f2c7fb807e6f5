import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AppError } from "@sophia/core/errors/app-error";
import { writeZip } from "@sophia/simulators/github-secrets/write-zip";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isZip, readZip } from "./read-zip.ts";

const hasZip = (() => {
  try {
    return execFileSync("zip", ["-v"], { stdio: "pipe" }).length > 0;
  } catch {
    return false;
  }
})();

describe("readZip", () => {
  it.skipIf(!hasZip)("reads what the zip program writes, stored and deflated, streamed as GitHub does it", () => {
    const folder = mkdtempSync(join(tmpdir(), "sophia-zip-"));
    try {
      const content = `{"a": "${"x".repeat(5_000)}"}`;
      writeFileSync(join(folder, "part-1.json"), content);
      execFileSync("zip", ["-q", "-0", "stored.zip", "part-1.json"], { cwd: folder });
      execFileSync("zip", ["-q", "deflated.zip", "part-1.json"], { cwd: folder });
      execFileSync("sh", ["-c", "cat part-1.json | zip -q streamed.zip -"], { cwd: folder });
      for (const name of ["stored.zip", "deflated.zip", "streamed.zip"]) {
        const files = readZip(readFileSync(join(folder, name)));
        expect([...files.values()].map(String), name).toEqual([content]);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("reads every file of an archive", () => {
    const names = fc.stringMatching(/^[a-z]{1,8}\.json$/);
    fc.assert(
      fc.property(fc.dictionary(names, fc.uint8Array({ maxLength: 300 }), { maxKeys: 5 }), (content) => {
        const files = Object.fromEntries(Object.entries(content).map(([name, bytes]) => [name, Buffer.from(bytes)]));
        expect(Object.fromEntries(readZip(writeZip(files)))).toEqual(files);
      }),
    );
  });

  it("refuses what is cut, altered or no archive with an error of its own", () => {
    const whole = writeZip({ "a.json": Buffer.from("a".repeat(200)), "b.json": Buffer.from("b") });
    const damage = fc.tuple(fc.nat(whole.length), fc.nat(whole.length), fc.nat(255));
    fc.assert(
      fc.property(damage, ([from, length, byte]) => {
        const broken = Buffer.concat([whole.subarray(0, from), Buffer.from([byte]), whole.subarray(from + length)]);
        try {
          readZip(broken);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(AppError);
        }
      }),
      { numRuns: 1_000 },
    );
    expect(isZip(Buffer.from("{}"))).toBe(false);
    expect(isZip(whole)).toBe(true);
  });
});
