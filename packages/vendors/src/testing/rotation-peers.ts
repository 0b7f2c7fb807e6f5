import { randomBytes } from "node:crypto";
import { type Peer, startPostgres, startRedis } from "@sophia/core/testing/peers";
import { Redis } from "ioredis";
import { Client } from "pg";

/** A real service of the tests, with a user of our own in it. */
export interface RotationPeer {
  service: "postgresql" | "redis";
  administrator: string;
  /** A new user, and for PostgreSQL a database that it owns. */
  createLogin(): Promise<string>;
  /** Can a consumer work with this URL? */
  accepts(url: string): Promise<boolean>;
  /** What a person does who changes a password by hand. */
  breakLogin(url: string): Promise<void>;
  /** The one-secret way: the user of the URL gets the password of the URL, from now on and no other. */
  setPassword(url: string): Promise<void>;
  /** What the service's own records hold: its log, its statements, its slow commands. */
  readRecords(): Promise<string>;
  stop(): Promise<void>;
}

/** Undefined where it cannot be had (said aloud). */
export async function startRotationPeer(service: "postgresql" | "redis"): Promise<RotationPeer | undefined> {
  return service === "postgresql" ? await startPostgresPeer() : await startRedisPeer();
}

async function startPostgresPeer(): Promise<RotationPeer | undefined> {
  const settings = { log_statement: "all", log_min_messages: "debug1", max_connections: "120" };
  const peer = await startPostgres({ settings });
  if (!peer) return undefined;
  const admin = new Client({ connectionString: peer.url });
  await admin.connect();
  return {
    service: "postgresql",
    administrator: peer.url,
    async createLogin() {
      const name = `r${randomBytes(4).toString("hex")}`;
      await admin.query(`create role ${name} login password 'first-password-canary'`);
      await admin.query(`create database ${name} owner ${name}`);
      await requirePasswords(admin);
      return loginUrl(peer, name, `/${name}`);
    },
    async accepts(url) {
      const client = new Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
      client.on("error", () => {});
      const accepted = await client.connect().then(
        () => true,
        () => false,
      );
      await client.end().catch(() => {});
      return accepted;
    },
    async breakLogin(url) {
      await admin.query(`alter role ${new URL(url).username} password 'changed-by-hand'`);
    },
    async setPassword(url) {
      const { username, password } = new URL(url);
      await admin.query(`alter role ${username} password '${password}'`);
    },
    readRecords: async () => peer.log(),
    async stop() {
      await admin.end();
      await peer.stop();
    },
  };
}

/** The test's server trusts everybody; users other than its own have to show their password. */
async function requirePasswords(admin: Client): Promise<void> {
  await admin.query(
    `copy (select 'host all postgres 127.0.0.1/32 trust' union all select 'host all all 127.0.0.1/32 scram-sha-256')
     to program 'cat > pg_hba.conf'`,
  );
  await admin.query("select pg_reload_conf()");
}

async function startRedisPeer(): Promise<RotationPeer | undefined> {
  const peer: Peer | undefined = await startRedis({
    arguments: ["--slowlog-log-slower-than", "0", "--slowlog-max-len", "10000"],
  });
  if (!peer) return undefined;
  const admin = new Redis(peer.url);
  const seen: string[] = [];
  const watching = admin.duplicate();
  const monitor = await watching.monitor();
  watching.disconnect();
  monitor.on("monitor", (_time: string, words: string[]) => void (seen.length < 50_000 && seen.push(words.join(" "))));
  return {
    service: "redis",
    administrator: peer.url,
    async createLogin() {
      const name = `r${randomBytes(4).toString("hex")}`;
      await admin.call("ACL", "SETUSER", name, "on", ">first-password-canary", "~*", "&*", "+@all");
      return loginUrl(peer, name, "");
    },
    async accepts(url) {
      const client = new Redis(url, { lazyConnect: true, maxRetriesPerRequest: 0, retryStrategy: () => null });
      client.on("error", () => {});
      const accepted = await client.connect().then(
        () => true,
        () => false,
      );
      client.disconnect();
      return accepted;
    },
    async breakLogin(url) {
      await admin.call("ACL", "SETUSER", new URL(url).username, "resetpass", ">changed-by-hand");
    },
    async setPassword(url) {
      const { username, password } = new URL(url);
      await admin.call("ACL", "SETUSER", username, "resetpass", `>${password}`);
    },
    async readRecords() {
      const [acl, slow] = [await admin.call("ACL", "LIST"), await admin.slowlog("GET", "10000")];
      return seen.join("\n") + JSON.stringify([acl, slow]);
    },
    async stop() {
      monitor.disconnect();
      admin.disconnect();
      await peer.stop();
    },
  };
}

function loginUrl({ url }: Peer, user: string, path: string): string {
  const login = new URL(url);
  login.username = user;
  login.password = "first-password-canary";
  login.pathname = path;
  return login.href;
}
