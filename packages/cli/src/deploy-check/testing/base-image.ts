import { execFile, spawn } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { findBinary } from "@sophia/core/testing/find-binary";

const run = promisify(execFile);
const importTimeoutMs = 60_000;
const account = "node:x:1000:1000::/home/node:/bin/sh\n";
const certificates = "/etc/ssl/certs/ca-certificates.crt";
/** What the Dockerfile, npm and the test itself call, beside a shell. */
const applets = ["cat", "chown", "env", "mkdir", "rm"];

/**
 * Makes an image in the likeness of the official Node image out of this machine's own files, so that no registry of
 * images is needed: Node 24, npm, a shell, the account `node`, and the certificates this machine trusts. Linux only.
 * Returns false where a part cannot be had.
 */
export async function importBaseImage(socketPath: string, repository: string, tag: string): Promise<boolean> {
  const npm = await findBinary({ names: ["npm"], folders: [], debianPackage: "npm" });
  const busybox = await findBinary({ names: ["busybox"], folders: [], debianPackage: "busybox-static" });
  if (npm === undefined || busybox === undefined) return false;
  const root = mkdtempSync(join(tmpdir(), "sophia-base-"));
  try {
    await fill(root, { npm: dirname(dirname(realpathSync(npm))), busybox });
    await importFolder(root, socketPath, repository, tag);
    return true;
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

async function fill(root: string, { npm, busybox }: { npm: string; busybox: string }): Promise<void> {
  chmodSync(root, 0o755);
  const folders = ["bin", "usr/bin", "usr/local/bin", "usr/local/lib", "etc/ssl/certs", "root", "home/node", "tmp"];
  for (const folder of folders) mkdirSync(join(root, folder), { recursive: true });
  chmodSync(join(root, "tmp"), 0o1777);
  copyFileSync(process.execPath, join(root, "usr/local/bin/node"));
  cpSync(npm, join(root, "usr/local/lib/npm"), { recursive: true });
  for (const name of ["npm", "npx"]) symlinkSync(`../lib/npm/bin/${name}-cli.js`, join(root, "usr/local/bin", name));
  copyFileSync(realpathSync("/bin/sh"), join(root, "bin/sh"));
  copyFileSync(realpathSync(busybox), join(root, "bin/busybox"));
  for (const name of applets) symlinkSync("/bin/busybox", join(root, "usr/bin", name));
  for (const library of await findLibraries([process.execPath, realpathSync("/bin/sh"), realpathSync(busybox)])) {
    mkdirSync(join(root, dirname(library)), { recursive: true });
    copyFileSync(realpathSync(library), join(root, library));
  }
  writeFileSync(join(root, "etc/passwd"), `root:x:0:0:root:/root:/bin/sh\n${account}`);
  writeFileSync(join(root, "etc/group"), "root:x:0:\nnode:x:1000:\n");
  const trusted = process.env["NODE_EXTRA_CA_CERTS"] ?? certificates;
  if (existsSync(trusted)) copyFileSync(trusted, join(root, certificates));
}

/** Shared libraries of the programs as paths the loader will ask for, and librt, which pnpm needs beside them. */
async function findLibraries(programs: readonly string[]): Promise<Set<string>> {
  const found = new Set<string>();
  for (const program of programs) {
    // ldd fails on a program that is linked statically: it has none.
    const { stdout } = await run("ldd", [program]).catch(() => ({ stdout: "" }));
    for (const [path] of stdout.matchAll(/\/\S+(?= \(0x)/g)) found.add(path);
  }
  const standard = [...found].find((path) => path.includes("libc.so"));
  const realTime = join(dirname(standard ?? "/lib"), "librt.so.1");
  return existsSync(realTime) ? found.add(realTime) : found;
}

/** `docker import`, without the docker program. */
async function importFolder(root: string, socketPath: string, repository: string, tag: string): Promise<void> {
  const query = new URLSearchParams({ fromSrc: "-", repo: repository, tag });
  query.append("changes", `ENV NODE_EXTRA_CA_CERTS=${certificates} SSL_CERT_FILE=${certificates}`);
  const archive = spawn("tar", ["-C", root, "--owner=0", "--group=0", "-c", "."], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await new Promise<void>((resolve, reject) => {
    const call = request({
      socketPath,
      path: `/images/create?${query.toString()}`,
      method: "POST",
      timeout: importTimeoutMs,
    });
    call.once("response", (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
      response.once("end", () => {
        if (response.statusCode === 200 && !body.includes('"error"')) resolve();
        else reject(new Error(`The Engine did not import the base image: ${body}`));
      });
    });
    call.once("timeout", () => call.destroy(new Error("The Engine did not import the base image in time.")));
    call.once("error", reject);
    archive.stdout.pipe(call);
  });
}
