import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Secret, unwrap } from "@sophia/core/config/secret";
import type { RotatorContext } from "@sophia/core/secrets/rotation/rotator";
import { type Peer, startRedis } from "@sophia/core/testing/peers";
import { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { redisRotator as rotator } from "./rotator.ts";

let redis: Peer | undefined;
let forgetful: Peer | undefined;
let admin: Redis;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "sophia-acl-"));
  const aclFile = join(folder, "users.acl");
  writeFileSync(aclFile, "");
  redis = await startRedis({ arguments: ["--aclfile", aclFile] });
  forgetful = await startRedis();
  if (!redis) return;
  admin = new Redis(redis.url);
});
afterAll(async () => {
  admin?.disconnect();
  await redis?.stop();
  await forgetful?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const target: RotatorContext["target"] = {
  environment: { project: "sophia", name: "stores-development" },
  path: "stores.redis.SOPHIA_REDIS_URL",
  service: "redis",
  variable: "SOPHIA_REDIS_URL",
};
const rules = ["~sophia:*", "%R~shared:*", "&news.*", "+@all", "-@dangerous", "+client|list", "+client|id"];

let current: Secret;
beforeEach(async () => {
  if (!redis) return;
  const name = `r${crypto.randomUUID().replaceAll("-", "").slice(0, 8)}`;
  await admin.call("ACL", "SETUSER", name, "on", ">first-password", ...rules, "(~extra:* +get)");
  current = urlOf(redis, name, "first-password");
});

function urlOf(peer: Peer | undefined, user: string, password: string): Secret {
  return new Secret(`redis://${user}:${password}@127.0.0.1:${peer?.port ?? 0}`);
}

const userOf = (secret: Secret) => new URL(unwrap(secret)).username;
const contextOf = (given: Partial<RotatorContext> = {}): RotatorContext => ({
  target,
  current,
  administrator: new Secret(redis?.url ?? ""),
  signal: AbortSignal.timeout(20_000),
  ...given,
});

async function login(secret: Secret): Promise<string> {
  const { username, password } = new URL(unwrap(secret));
  const client = admin.duplicate();
  try {
    return await client.call("AUTH", username, password).then(String, String);
  } finally {
    client.disconnect();
  }
}

test("two users take turns with the same rules, and the old one is switched off", async ({ skip }) => {
  skip(!redis, "no Redis on this machine");
  const first = userOf(current);
  expect(await rotator.describe(contextOf())).toEqual({
    needsAdministrator: true,
    changes: [
      `User ${first}_a gets the rules of ${first} and a new password.`,
      `Later: user ${first} is switched off.`,
    ],
    warnings: [],
  });
  const next = await rotator.create(contextOf());
  const context = contextOf({ next });
  expect(await rotator.set(context, next)).toEqual([]);
  expect(await rotator.set(context, next)).toEqual([]);
  await rotator.validate(context, next);
  expect(await login(current)).toBe("OK");
  const rulesOf = async (user: string) =>
    ((await admin.call("ACL", "LIST")) as string[])
      .find((line) => line.includes(` ${user} `))
      ?.replace(/sanitize-payload |#\w+/g, "")
      .replace(` ${user} `, " ");
  expect(await rulesOf(`${first}_a`)).toBe(await rulesOf(first));
  await rotator.retire(context, current);
  await rotator.retire(context, current);
  expect(await login(current)).toContain("WRONGPASS");
  expect(await login(next)).toBe("OK");
  expect(readFileSync(join(folder, "users.acl"), "utf8")).toContain(`user ${first}_a `);
  current = next;
  expect(userOf(await rotator.create(contextOf()))).toBe(`${first}_b`);
});

test("nobody who watches the commands sees a password", async ({ skip }) => {
  skip(!redis, "no Redis on this machine");
  const seen: string[] = [];
  const watching = admin.duplicate();
  const monitor = await watching.monitor();
  watching.disconnect();
  monitor.on("monitor", (_time: string, words: string[]) => void seen.push(words.join(" ")));
  await admin.config("SET", "slowlog-log-slower-than", "0");
  const next = await rotator.create(contextOf());
  await rotator.set(contextOf({ next }), next);
  await rotator.validate(contextOf({ next }), next);
  await rotator.retire(contextOf({ next }), current);
  const slow = JSON.stringify(await admin.slowlog("GET", "100"));
  await expect.poll(() => seen.filter((line) => /PING/i.test(line)).length).toBeGreaterThan(0);
  monitor.disconnect();
  const { password } = new URL(unwrap(next));
  expect(seen.join("\n") + slow).not.toContain(password);
  expect(seen.join("\n") + slow).not.toContain("first-password");
});

test("a refused password is denied; it does not pass as the default user", async ({ skip }) => {
  skip(!redis, "no Redis on this machine");
  const wrong = urlOf(redis, userOf(current), "canary-password");
  await expect(rotator.validate(contextOf(), wrong)).rejects.toMatchObject({ kind: "denied" });
  const broken = new Secret("redis://someone:canary-password@host:no-port");
  const told: unknown = await rotator.validate(contextOf(), broken).catch((thrown: unknown) => thrown);
  expect(told).toMatchObject({ kind: "invalid_input" });
  // A driver's own error would quote the whole URL.
  expect(told).not.toHaveProperty("cause");
  const absent = new Secret("redis://someone:canary-password@127.0.0.1:1");
  await expect(rotator.validate(contextOf(), absent)).rejects.toMatchObject({ kind: "unavailable", retryable: true });
});

test("a user that others use is left alone", async ({ skip }) => {
  skip(!redis, "no Redis on this machine");
  const next = await rotator.create(contextOf());
  await rotator.set(contextOf({ next }), next);
  const stranger = new Redis(unwrap(next), { enableReadyCheck: false });
  await stranger.call("PING");
  expect(await rotator.observe?.(contextOf({ next }), next)).toBe(1);
  await expect(rotator.set(contextOf({ next }), next)).rejects.toMatchObject({ kind: "denied", message: /is in use/ });
  stranger.disconnect();
});

test("a rule that the new user lacks is found before anything is promoted", async ({ skip }) => {
  skip(!redis, "no Redis on this machine");
  const next = await rotator.create(contextOf());
  await rotator.set(contextOf({ next }), next);
  await admin.call("ACL", "SETUSER", userOf(next), "resetkeys");
  await expect(rotator.validate(contextOf({ next }), next)).rejects.toMatchObject({
    message: "The new user lacks a rule of the one in use: ~sophia:*.",
  });
});

test("a Redis that would forget its users says so before and after, and its default user loses only the old password", async ({
  skip,
}) => {
  skip(!forgetful, "no Redis on this machine");
  const open = new Redis(forgetful?.url ?? "");
  await open.call("ACL", "SETUSER", "default", "on", "resetpass", ">first-password", ">people-know-this");
  open.disconnect();
  current = new Secret(`redis://:first-password@127.0.0.1:${forgetful?.port ?? 0}`);
  const context = contextOf({ administrator: undefined });
  const forecast = await rotator.describe(context);
  expect(forecast.warnings).toHaveLength(2);
  expect(forecast.warnings.join()).toContain("forgets the new user");
  const next = await rotator.create(context);
  expect(userOf(next)).toBe("sophia_a");
  expect(await rotator.set({ ...context, next }, next)).toEqual([expect.stringContaining("forgets")]);
  await rotator.validate({ ...context, next }, next);
  await rotator.retire({ ...context, next }, current);
  await expect(rotator.validate({ ...context, next }, current)).rejects.toMatchObject({ kind: "denied" });
  const other = new Secret(`redis://:people-know-this@127.0.0.1:${forgetful?.port ?? 0}`);
  await rotator.validate({ ...context, current: other }, other);
});
