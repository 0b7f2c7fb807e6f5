import { Secret, unwrap } from "@sophia/core/config/secret";
import type { RotatorContext } from "@sophia/core/secrets/rotation/rotator";
import { type Peer, startPostgres } from "@sophia/core/testing/peers";
import { Client } from "pg";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { postgresqlRotator as rotator } from "./rotator.ts";

let postgres: Peer | undefined;
let admin: Client;
let target: RotatorContext["target"];
beforeAll(async () => {
  // Passwords are asked for, and the server logs every statement, as the most talkative of them do.
  postgres = await startPostgres({ settings: { log_statement: "all", password_encryption: "scram-sha-256" } });
  if (!postgres) return;
  admin = new Client({ connectionString: postgres.url });
  await admin.connect();
  target = {
    environment: { project: "sophia", name: "stores-development" },
    path: "stores.postgresql.SOPHIA_DATABASE_URL",
    service: "postgresql",
    variable: "SOPHIA_DATABASE_URL",
  };
});
afterAll(async () => {
  await admin?.end();
  await postgres?.stop();
});

let current: Secret;
beforeEach(async () => {
  if (!postgres) return;
  const name = `r${crypto.randomUUID().replaceAll("-", "").slice(0, 8)}`;
  await admin.query(`create role ${name} login password 'first-password'`);
  await admin.query(`create schema ${name} authorization ${name}`);
  current = urlOf(name, "first-password");
});

function urlOf(user: string, password: string): Secret {
  const url = new URL(postgres?.url ?? "");
  url.username = user;
  url.password = password;
  return new Secret(url.href);
}

const userOf = (secret: Secret) => new URL(unwrap(secret)).username;

function contextOf(given: Partial<RotatorContext> = {}): RotatorContext {
  const administrator = new Secret(postgres?.url ?? "");
  return { target, current, administrator, signal: AbortSignal.timeout(20_000), ...given };
}

async function query(url: Secret, sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: unwrap(url) });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

async function rotate(): Promise<Secret> {
  const next = await rotator.create(contextOf());
  const context = contextOf({ next });
  await rotator.set(context, next);
  await rotator.set(context, next);
  await rotator.validate(context, next);
  await rotator.retire(context, current);
  await rotator.retire(context, current);
  return next;
}

test("a lone role becomes the owner of a pair, and whatever one makes belongs to both", async ({ skip }) => {
  skip(!postgres, "no PostgreSQL on this machine");
  const first = userOf(current);
  await query(current, `create table ${first}.orders (id int)`);
  expect(await rotator.describe(contextOf())).toEqual({
    needsAdministrator: true,
    changes: [
      `Role ${first}_a is made; it acts as ${first}, as ${first} does.`,
      `Later: role ${first} may no longer log in.`,
    ],
    warnings: [],
  });
  const next = await rotate();
  expect(userOf(next)).toBe(`${first}_a`);
  await expect(query(current, "select 1")).rejects.toMatchObject({ code: "28000" });
  await query(next, `alter table ${first}.orders add column name text`);
  await query(next, `create table ${first}.more (id int)`);
  current = next;
  const third = await rotate();
  expect(userOf(third)).toBe(`${first}_b`);
  await query(third, `alter table ${first}.more add column name text`);
  expect(await query(third, "select current_user as name")).toEqual([{ name: first }]);
  current = third;
  expect(userOf(await rotate())).toBe(`${first}_a`);
});

test("the server never sees a password, neither in its statements nor in its roles", async ({ skip }) => {
  skip(!postgres, "no PostgreSQL on this machine");
  const next = await rotator.create(contextOf());
  await rotator.set(contextOf({ next }), next);
  const { password, username } = new URL(unwrap(next));
  const { rows } = await admin.query<{ rolpassword: string }>("select rolpassword from pg_authid where rolname = $1", [
    username,
  ]);
  expect(rows[0]?.rolpassword).toMatch(/^SCRAM-SHA-256\$4096:/);
  expect(rows[0]?.rolpassword).not.toContain(password);
});

test("a privilege that the new role lacks is found before anything is promoted", async ({ skip }) => {
  skip(!postgres, "no PostgreSQL on this machine");
  const next = await rotator.create(contextOf());
  await rotator.set(contextOf({ next }), next);
  await admin.query(`revoke ${userOf(current)} from ${userOf(next)}`);
  await expect(rotator.validate(contextOf({ next }), next)).rejects.toMatchObject({
    kind: "denied",
    message: `The new role lacks a privilege of the one in use: CREATE ${userOf(current)}.`,
  });
});

test("a wrong password is denied, and an absent server is worth another try", async ({ skip }) => {
  skip(!postgres, "no PostgreSQL on this machine");
  await admin.query(`alter role ${userOf(current)} nologin`);
  await expect(rotator.validate(contextOf(), current)).rejects.toMatchObject({ kind: "denied" });
  const broken = new Secret("postgres://someone:canary-password@host:no-port");
  const told: unknown = await rotator.validate(contextOf(), broken).catch((thrown: unknown) => thrown);
  expect(told).toMatchObject({ kind: "invalid_input" });
  // A driver's own error would quote the whole URL.
  expect(told).not.toHaveProperty("cause");
  const absent = new Secret("postgres://someone:canary-password@127.0.0.1:1/postgres");
  const error: unknown = await rotator.validate(contextOf(), absent).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ kind: "unavailable", retryable: true });
  expect(JSON.stringify(error)).not.toContain("canary-password");
});

test("a role that others use is left alone, and so is a superuser", async ({ skip }) => {
  skip(!postgres, "no PostgreSQL on this machine");
  const next = await rotator.create(contextOf());
  await rotator.set(contextOf({ next }), next);
  const stranger = new Client({ connectionString: unwrap(next) });
  await stranger.connect();
  expect(await rotator.observe?.(contextOf({ next }), next)).toBe(1);
  await expect(rotator.set(contextOf({ next }), next)).rejects.toMatchObject({
    kind: "denied",
    message: /is in use by 1/,
  });
  await stranger.end();
  await expect(rotator.describe(contextOf({ current: new Secret(postgres?.url ?? "") }))).rejects.toMatchObject({
    message: expect.stringContaining("is a superuser") as string,
  });
});

test("an administrator needs no more than the admin option on the roles; a lone role is told that it lacks it", async ({
  skip,
}) => {
  skip(!postgres, "no PostgreSQL on this machine");
  const refused = await rotator.create(contextOf({ administrator: undefined }));
  await expect(rotator.set(contextOf({ administrator: undefined }), refused)).rejects.toMatchObject({
    kind: "denied",
    hint: expect.stringContaining("CREATEROLE") as string,
  });
  const owner = userOf(current);
  for (const name of [`${owner}_a`, `${owner}_b`]) await admin.query(`create role ${name} in role ${owner}`);
  await admin.query(`alter role ${owner}_a login password 'second-password'`);
  await admin.query(`alter role ${owner}_a set role to ${owner}`);
  await admin.query(`create role ${owner}_admin login createrole password 'third-password'`);
  await admin.query(`grant ${owner}, ${owner}_a, ${owner}_b to ${owner}_admin with admin option`);
  current = urlOf(`${owner}_a`, "second-password");
  const administrator = urlOf(`${owner}_admin`, "third-password");
  const next = await rotator.create(contextOf({ administrator }));
  const context = contextOf({ administrator, next });
  await rotator.set(context, next);
  await rotator.validate(context, next);
  await rotator.retire(context, current);
  await expect(query(current, "select 1")).rejects.toMatchObject({ code: "28000" });
  expect(await query(next, "select current_user as name")).toEqual([{ name: owner }]);
});
