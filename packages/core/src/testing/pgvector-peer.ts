import { execFile } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Client } from "pg";
import { installPackage, isOurDebian } from "./find-binary.ts";
import { type Peer, startOnFreePort, startPostgres } from "./peers.ts";

const run = promisify(execFile);
const lookUpTimeoutMs = 20_000;

export interface PgvectorPeer extends Peer {
  /** False: it has the one database of `url`, to be emptied between tests. */
  hasDatabases: boolean;
}

/**
 * A private PostgreSQL with pgvector: the machine's own where it has the extension or Debian a package of it, else one
 * compiled to WebAssembly, which is an npm package and so always there.
 */
export async function startPgvector(): Promise<PgvectorPeer> {
  const own = await startPostgres();
  if (own && ((await offersVector(own.url)) || ((await installExtension(own.url)) && (await offersVector(own.url))))) {
    return { ...own, hasDatabases: true };
  }
  await own?.stop();
  const folder = mkdtempSync(join(tmpdir(), "sophia-pglite-"));
  const script = fileURLToPath(new URL("serve-pglite.ts", import.meta.url));
  const peer = await startOnFreePort(
    (port) => ({
      command: process.execPath,
      arguments: [script, String(port)],
      ready: "PGlite accepts connections",
      url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    }),
    folder,
    "SIGTERM",
  );
  return { ...peer, hasDatabases: false };
}

async function ask(url: string, text: string): Promise<string | undefined> {
  const client = new Client({ connectionString: url, query_timeout: lookUpTimeoutMs });
  await client.connect();
  try {
    const { rows } = await client.query<{ found: string }>(text);
    return rows[0]?.found;
  } finally {
    await client.end();
  }
}

async function offersVector(url: string): Promise<boolean> {
  return (await ask(url, "select name as found from pg_available_extensions where name = 'vector'")) !== undefined;
}

/** Asked of apt's lists first: an attempt to install what they do not name takes a refresh of them all. */
async function installExtension(url: string): Promise<boolean> {
  if (!isOurDebian()) return false;
  const version = await ask(url, "select current_setting('server_version_num') as found");
  const debianPackage = `postgresql-${Math.trunc(Number(version) / 10_000)}-pgvector`;
  try {
    await run("apt-cache", ["show", debianPackage], { timeout: lookUpTimeoutMs });
  } catch {
    return false;
  }
  return await installPackage(debianPackage);
}
