import { execFile } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { isOurDebian, reportMissing } from "@sophia/core/testing/find-binary";

const run = promisify(execFile);
const downloadTimeoutMs = 120_000;
/** `env_file` with `required: false` came with it. */
const oldestVersion = [2, 24];
/** The first Debian release whose package is the Go program; it is linked statically and runs on older ones too. */
const debianSuite = "trixie";
const kept = fileURLToPath(
  new URL("../../../../../node_modules/.cache/sophia-compose/docker-compose", import.meta.url),
);
const pluginFolders = [
  join(homedir(), ".docker/cli-plugins"),
  "/usr/local/lib/docker/cli-plugins",
  "/usr/local/libexec/docker/cli-plugins",
  "/usr/lib/docker/cli-plugins",
  "/usr/libexec/docker/cli-plugins",
];

/** Path of a Compose program that stands alone. `undefined` where none can be had (said aloud). */
export async function findCompose(): Promise<string | undefined> {
  const folders = [...pluginFolders, ...(process.env["PATH"] ?? "").split(delimiter)];
  for (const path of [...folders.map((folder) => join(folder, "docker-compose")), kept]) {
    if (existsSync(path) && (await isNewEnough(path))) return path;
  }
  const range = `Docker Compose ${oldestVersion.join(".")} or newer`;
  if (!isOurDebian()) return reportMissing(range, "it is not installed, and only root on Debian can fetch it");
  try {
    await download();
  } catch (error) {
    const lines = (error instanceof Error ? error.message : String(error)).trim().split("\n");
    return reportMissing(range, `it could not be fetched (${lines.at(-1) ?? ""})`);
  }
  return (await isNewEnough(kept)) ? kept : reportMissing(range, "the one that was fetched does not run here");
}

async function isNewEnough(path: string): Promise<boolean> {
  try {
    const { stdout } = await run(path, ["version", "--short"], { timeout: 10_000 });
    const [major = 0, minor = 0] = stdout.trim().replace(/^v/, "").split(".").map(Number);
    const [oldestMajor = 0, oldestMinor = 0] = oldestVersion;
    return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
  } catch {
    return false;
  }
}

/** Through apt with lists of its own: the machine's packages and sources stay as they are, signatures are checked. */
async function download(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "sophia-compose-"));
  try {
    for (const part of ["lists/partial", "cache/archives/partial", "parts"]) {
      mkdirSync(join(folder, part), { recursive: true });
    }
    const source = ["Types: deb", `URIs: ${await findMirror()}`, `Suites: ${debianSuite}`, "Components: main"];
    const key = "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg";
    writeFileSync(join(folder, "parts", "compose.sources"), [...source, key, ""].join("\n"));
    const settings = {
      "Dir::Etc::SourceList": "/dev/null",
      "Dir::Etc::SourceParts": join(folder, "parts"),
      "Dir::State::Lists": join(folder, "lists"),
      "Dir::Cache": join(folder, "cache"),
      "APT::Sandbox::User": "root",
      "Acquire::Languages": "none",
    };
    const flags = Object.entries(settings).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
    const options = { cwd: folder, timeout: downloadTimeoutMs, maxBuffer: 16 * 1024 * 1024 };
    process.stderr.write("Fetching Docker Compose for the tests ...\n");
    await run("apt-get", [...flags, "update", "-q"], options);
    await run("apt-get", [...flags, "download", "-q", "docker-compose"], options);
    const archive = readdirSync(folder).find((name) => name.endsWith(".deb")) ?? "";
    await run("dpkg-deb", ["--extract", archive, "files"], options);
    keep(join(folder, "files/usr/libexec/docker/cli-plugins/docker-compose"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The mirror this machine takes its own packages from. */
async function findMirror(): Promise<string> {
  const { stdout } = await run("apt-get", ["indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"]);
  const mirror = stdout.split("\n").find((uri) => uri.endsWith("/debian/"));
  if (mirror === undefined) throw new Error("apt knows no Debian mirror");
  return mirror;
}

function keep(program: string): void {
  const draft = `${kept}.${process.pid}`;
  mkdirSync(join(kept, ".."), { recursive: true });
  copyFileSync(program, draft);
  chmodSync(draft, 0o755);
  renameSync(draft, kept);
}
