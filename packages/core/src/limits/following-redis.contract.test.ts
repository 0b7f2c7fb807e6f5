import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { replaceSecret, Secret } from "../config/secret.ts";
import { type Peer, startRedis } from "../testing/peers.ts";
import { silentLog } from "../testing/store-engines.ts";
import { FollowingRedis } from "./following-redis.ts";

let peer: Peer | undefined;
let admin: Redis;
beforeAll(async () => {
  peer = await startRedis();
  if (peer) admin = new Redis(peer.url);
});
afterAll(async () => {
  admin?.disconnect();
  await peer?.stop();
});

let url: Secret;
let redis: FollowingRedis;
let refused = 0;
beforeEach(async () => {
  if (!peer) return;
  for (const user of ["one", "other"]) await admin.call("ACL", "SETUSER", user, "on", ">password", "~*", "+@all");
  url = new Secret(urlOf("one"));
  refused = 0;
  redis = new FollowingRedis({
    url,
    log: silentLog,
    open: (text) => new Redis(text, { maxRetriesPerRequest: 3 }),
    onUse: (_used, accepted) => void (refused += accepted ? 0 : 1),
    onReady: () => {},
    onClose: () => {},
  });
});
afterEach(() => redis?.disconnect());

const urlOf = (user: string, password = "password") => `redis://${user}:${password}@127.0.0.1:${peer?.port ?? 0}`;
const user = () => redis.run(async (client) => String(await client.call("ACL", "WHOAMI")));
const connections = async (name: string) =>
  String(await admin.call("CLIENT", "LIST")).split(`user=${name} `).length - 1;

test("commands on their way while the URL changes are answered, and the old user is left", async ({ skip }) => {
  skip(!peer, "no Redis on this machine");
  const answers: Promise<string>[] = [];
  for (let call = 0; call < 200; call += 1) {
    answers.push(user());
    if (call === 100) replaceSecret(url, urlOf("other"));
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const seen = await Promise.all(answers);
  expect(seen[0]).toBe("one");
  expect(seen.at(-1)).toBe("other");
  await expect.poll(() => connections("one")).toBe(0);
  expect(refused).toBe(0);
});

test("a URL that does not work costs no command anything, and is told; the next one is followed", async ({ skip }) => {
  skip(!peer, "no Redis on this machine");
  replaceSecret(url, urlOf("other", "wrong"));
  for (let call = 0; call < 50; call += 1) {
    expect(await user()).toBe("one");
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  expect(refused).toBe(1);
  replaceSecret(url, urlOf("other"));
  await expect.poll(user, { timeout: 5_000 }).toBe("other");
});
