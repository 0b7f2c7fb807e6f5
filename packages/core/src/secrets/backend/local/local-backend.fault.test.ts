import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { systemClock } from "../../../limits/clock.ts";
import { startScript } from "../../../testing/child-script.ts";
import { unwrapCiphertext, wrapCiphertext } from "../../esc/ciphertext-envelope.ts";
import { isConflict } from "../conflict.ts";
import { createKeyring } from "./keyring.ts";
import { createLocalBackend, type LocalBackend } from "./local-backend.ts";
import { formatRevisionFile, parseRevisionFile } from "./revision-file.ts";

/** Of the operating system; needs the right to mount. */
const programs = { mount: "mount", unmount: "umount" };

const id = { project: "shop", name: "main" };
const other = { project: "shop", name: "other" };
const canary = "canary-h3-in-the-files";

let folder = "";
let backend: LocalBackend;

function openBackend(root = 7, place = folder): LocalBackend {
  const keyring = createKeyring(Buffer.alloc(32, root));
  return createLocalBackend({ folder: place, keyring, author: "ada", clock: systemClock });
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "sophia-secrets-"));
  backend = openBackend();
  await backend.create(id);
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function pathOf(environment: typeof id, revision: number): string {
  const name = `${String(revision).padStart(6, "0")}.yaml`;
  return join(folder, "environments", environment.project, environment.name, "revisions", name);
}

function filesBelow(path: string): string[] {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

const header = `
import { createKeyring } from ${JSON.stringify(new URL("./keyring.ts", import.meta.url).href)};
import { createLocalBackend } from ${JSON.stringify(new URL("./local-backend.ts", import.meta.url).href)};
import { isConflict } from ${JSON.stringify(new URL("../conflict.ts", import.meta.url).href)};
import { systemClock } from ${JSON.stringify(new URL("../../../limits/clock.ts", import.meta.url).href)};
const [folder, count] = process.argv.slice(-2).map((value) => JSON.parse(value));
const keyring = createKeyring(Buffer.alloc(32, 7));
const backend = createLocalBackend({ folder, keyring, author: "child", clock: systemClock });
const id = { project: "shop", name: "main" };
`;

/** Updates without pause, and says what was acknowledged. */
const endlessWriter = `${header}
for (let n = 0; ; n++) {
  const text = "values: { n: " + n + ", key: { fn::secret: ${canary}-" + n + " } }";
  const { revision } = await backend.update(id, text);
  process.stdout.write("ack " + revision + " " + n + "\\n");
}
`;

/** Adds one \`count\` times, reading first and trying again after a conflict. */
const counter = `${header}
let conflicts = 0;
for (let done = 0; done < count; ) {
  const { yaml, etag } = await backend.read(id);
  const n = Number(/n: (\\d+)/.exec(yaml)[1]) + 1;
  try {
    const result = await backend.update(id, "values: { n: " + n + " }", { etag });
    if (!result.kept) throw new Error("not kept");
    done++;
  } catch (error) {
    if (!isConflict(error)) throw error;
    conflicts++;
  }
}
process.stdout.write("done " + conflicts + "\\n");
`;

describe("environments in files, when something breaks", () => {
  it(
    "loses no acknowledged revision over eight kills in the middle of updates (fault 48)",
    { timeout: 90_000 },
    async () => {
      const acknowledged = new Map<number, string>();
      for (let round = 0; round < 8; round++) {
        const child = startScript(endlessWriter, folder, 0);
        await vi.waitFor(() => expect(child.lines.length).toBeGreaterThan(2), { timeout: 20_000, interval: 5 });
        await delay(Math.random() * 100);
        child.kill("SIGKILL");
        await child.ended;
        for (const line of child.lines) {
          const [, revision, n] = line.split(" ");
          if (n !== undefined) acknowledged.set(Number(revision), n);
        }
      }
      const { revision: newest } = await backend.get(id);
      expect(newest).toBeGreaterThanOrEqual(Math.max(...acknowledged.keys()));
      expect(acknowledged.size).toBeGreaterThan(20);
      for (let revision = 2; revision <= newest; revision++) {
        const { yaml } = await backend.read(id, { revision, decrypt: true });
        expect(yaml).toContain(`n: ${acknowledged.get(revision) ?? ""}`);
        expect(yaml).toContain(canary);
      }
      const { environment } = await backend.open(id);
      expect(environment?.properties.get("key")).toMatchObject({ secret: true });
      const leaking = filesBelow(folder).filter((file) => readFileSync(file, "utf8").includes(canary));
      expect(leaking).toEqual([]);
    },
  );

  it("lets exactly one of two processes win each revision: no change is lost", { timeout: 60_000 }, async () => {
    await backend.update(id, "values: { n: 0 }");
    const writers = Array.from({ length: 3 }, () => startScript(counter, folder, 15));
    await Promise.all(writers.map(async (writer) => writer.waitFor("done")));
    expect((await backend.read(id)).yaml).toContain("n: 45");
    expect((await backend.get(id)).revision).toBe(2 + 45);
    const conflicts = writers.map((writer) => Number(writer.lines.at(-1)?.split(" ")[1]));
    expect(conflicts.reduce((sum, count) => sum + count, 0)).toBeGreaterThan(0);
  });

  it("keeps both of two updates that were made without an ETag", async () => {
    await Promise.all(["a", "b", "c"].map(async (name) => openBackend().update(id, `values: { ${name}: 1 }`)));
    const texts = await Promise.all([2, 3, 4].map(async (revision) => (await backend.read(id, { revision })).yaml));
    expect(texts.toSorted()).toEqual(["values: { a: 1 }", "values: { b: 1 }", "values: { c: 1 }"]);
  });

  it("makes one of two environments of the same name", async () => {
    const results = await Promise.allSettled([1, 2, 3].map(async () => openBackend().create(other)));
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    for (const result of results) if (result.status === "rejected") expect(isConflict(result.reason)).toBe(true);
  });

  it("names a damaged file and what to do, and harms no other environment (fault 48)", async () => {
    await backend.update(id, "values: { a: 1 }");
    await backend.update(id, "values: { a: 2 }");
    await backend.create(other);
    const whole = readFileSync(pathOf(id, 3), "utf8");
    for (const damage of [
      whole.replace("a: 2", "a: 9"),
      "values: { a: 2, b: 3 }",
      "",
      "# sophia {}\nvalues: {}",
      "\u0000\u0001",
    ]) {
      writeFileSync(pathOf(id, 3), damage);
      await expect(backend.read(id)).rejects.toMatchObject({
        kind: "unavailable",
        retryable: false,
        message: expect.stringContaining(pathOf(id, 3)) as string,
        hint: expect.stringContaining("earlier revision") as string,
      });
      await expect(backend.open(id)).rejects.toMatchObject({ kind: "unavailable" });
    }
    expect((await backend.open(other)).diagnostics).toEqual([]);
    expect((await backend.list()).items).toHaveLength(2);
    expect((await backend.revisions(id)).map(({ message }) => message)).toEqual(["This revision is damaged.", "", ""]);
    expect(await backend.rollback(id, 2)).toMatchObject({ kept: true, revision: 4 });
    expect((await backend.read(id)).yaml).toBe("values: { a: 1 }");
  });

  it("opens nothing with another key, and says that the key is another (fault 48)", async () => {
    await backend.update(id, `values: { key: { fn::secret: ${canary} }, plain: 1 }`);
    const stranger = openBackend(8);
    await expect(stranger.read(id, { decrypt: true })).rejects.toMatchObject({
      kind: "denied",
      message: expect.stringContaining("another key") as string,
    });
    const opened = await stranger.open(id);
    expect(opened.environment).toBeUndefined();
    expect(JSON.stringify(opened.diagnostics)).toContain("another key");
    expect((await stranger.check(id)).diagnostics).toEqual([]);
  });

  it("refuses ciphertext of another environment, in an update and in a file that was tampered with", async () => {
    await backend.update(id, `values: { key: { fn::secret: ${canary} } }`);
    await backend.create(other);
    const stolen = (await backend.read(id)).yaml;
    await expect(backend.update(other, stolen)).rejects.toMatchObject({ kind: "denied" });
    const file = parseRevisionFile(readFileSync(pathOf(other, 1), "utf8"), "");
    writeFileSync(pathOf(other, 1), formatRevisionFile({ ...file, yaml: stolen }));
    const opened = await backend.open(other);
    expect(opened.environment).toBeUndefined();
    expect(JSON.stringify(opened.diagnostics)).not.toContain(canary);
  });

  it("refuses a ciphertext in which one bit was changed", async () => {
    await backend.update(id, `values: { key: { fn::secret: ${canary} } }`);
    const { yaml } = await backend.read(id);
    const sealed = unwrapCiphertext(/ciphertext: (\S+)/.exec(yaml)?.[1] ?? "");
    if ("error" in sealed) throw new Error(sealed.error);
    for (const [at] of sealed.ciphertext.entries()) {
      const changed = Uint8Array.from(sealed.ciphertext);
      changed[at] = (changed[at] ?? 0) ^ 1;
      // With a sound checksum: that one is no protection.
      const text = yaml.replace(/ciphertext: \S+/, `ciphertext: ${wrapCiphertext(changed)}`);
      await expect(backend.update(id, text)).rejects.toMatchObject({ kind: "denied" });
    }
  });

  it("keeps what it had while the disk is full, and goes on when there is room (fault 46)", async ({ skip }) => {
    const disk = join(folder, "disk");
    mkdirSync(disk);
    skip(!mountDisk(disk), "this user cannot mount a small disk");
    try {
      const small = openBackend(7, disk);
      await small.create(id);
      await small.update(id, "values: { a: 1 }");
      execFileSync("sh", ["-c", `cat /dev/zero > '${disk}/filler' 2>/dev/null || true`]);
      const text = `values: { a: "${"x".repeat(20_000)}" }`;
      await expect(small.update(id, text)).rejects.toMatchObject({ kind: "not_configured" });
      expect((await small.read(id)).yaml).toBe("values: { a: 1 }");
      rmSync(join(disk, "filler"));
      expect(await small.update(id, text)).toMatchObject({ kept: true, revision: 3 });
      expect(readdirSync(join(disk, "drafts"))).toEqual([]);
    } finally {
      execFileSync(programs.unmount, [disk]);
    }
  });
});

function mountDisk(path: string): boolean {
  try {
    execFileSync(programs.mount, ["-t", "tmpfs", "-o", "size=256k", "tmpfs", path], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
