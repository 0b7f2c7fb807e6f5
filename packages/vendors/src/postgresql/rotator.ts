// https://www.postgresql.org/docs/current/sql-alterrole.html
import { type Secret, unwrap } from "@sophia/core/config/secret";
import { AppError } from "@sophia/core/errors/app-error";
import type { Rotator, RotatorContext, RotatorForecast } from "@sophia/core/secrets/rotation/rotator";
import type { Client } from "pg";
import { chooseExecutor, createNextLogin, otherIdentity, parseLoginUrl } from "../identity-pair.ts";
import { quoteName, rotationApplication, withPostgres } from "./postgres-session.ts";
import { readPrivileges } from "./role-privileges.ts";
import { createScramVerifier } from "./scram-verifier.ts";

/**
 * Two login roles take turns. Both act as one owner role (by membership and `SET role`), so that whatever one of them
 * makes belongs to both. The first rotation of a lone role makes that role the owner.
 */
export const postgresqlRotator: Rotator = {
  strategy: "two roles in turn, both acting as one owner",
  describe: (context) => withPostgres(chooseExecutor(context, context.current), (client) => describe(client, context)),
  async create({ current, target }) {
    return createNextLogin(parseLoginUrl(current, target.variable));
  },
  async set(context, next) {
    await withPostgres(context.administrator ?? context.current, (client) => setRole(client, context, next));
    return [];
  },
  async validate({ current }, value) {
    const missing = await findMissing(current, value);
    if (missing === undefined) return;
    throw new AppError("denied", `The new role lacks a privilege of the one in use: ${missing}.`, {
      service: "postgresql",
      hint: "Grant it to the role that owns the tables, not to one of the two that log in.",
    });
  },
  async observe(context, value) {
    const { user } = parseLoginUrl(value, context.target.variable);
    return await withPostgres(chooseExecutor(context, value), (client) => countSessions(client, user));
  },
  async retire(context, value) {
    const { user } = parseLoginUrl(value, context.target.variable);
    return await withPostgres(chooseExecutor(context, value), (client) => disableRole(client, user));
  },
};

interface RoleFacts {
  rolsuper: boolean;
  rolconfig: string[] | null;
  memberOf: string[];
}

async function readRole(client: Client, name: string): Promise<RoleFacts | undefined> {
  const { rows } = await client.query<RoleFacts>(
    `select rolsuper, rolconfig, array(
       select granted.rolname::text from pg_auth_members
       join pg_roles granted on granted.oid = roleid where member = pg_roles.oid order by 1
     ) as "memberOf" from pg_roles where rolname = $1`,
    [name],
  );
  return rows[0];
}

async function describe(client: Client, { current, target, administrator }: RotatorContext): Promise<RotatorForecast> {
  const { user } = parseLoginUrl(current, target.variable);
  const idle = otherIdentity(user);
  const [facts, idleFacts] = [await readCurrent(client, user), await readRole(client, idle)];
  const owner = ownerOf(user, facts);
  const change = idleFacts
    ? `Role ${idle} gets a new password and may log in.`
    : `Role ${idle} is made; it acts as ${owner}, as ${user} does.`;
  const sessions = idleFacts ? await countSessions(client, idle) : 0;
  return {
    needsAdministrator: true,
    changes: [change, `Later: role ${user} may no longer log in.`],
    warnings: [
      ...(sessions > 0 ? [`Role ${idle} is in use by ${sessions} sessions: the rotation will be refused.`] : []),
      ...(administrator ? [] : [`No administrator is stored: ${user} itself has to be able to change both roles.`]),
    ],
  };
}

/** A superuser's role belongs to the server and not to us: ending its login could lock everybody out. */
async function readCurrent(client: Client, user: string): Promise<RoleFacts> {
  const facts = await readRole(client, user);
  if (facts && !facts.rolsuper) return facts;
  throw new AppError(
    "invalid_input",
    `Role ${user} cannot be rotated: it ${facts ? "is a superuser" : "is not there"}.`,
    {
      service: "postgresql",
      hint: "Give Sophia a role of its own that owns its database, and store the URL of that.",
    },
  );
}

function ownerOf(user: string, { rolconfig }: RoleFacts): string {
  const setting = rolconfig?.find((each) => each.startsWith("role="));
  return setting === undefined ? user : setting.slice("role=".length);
}

async function setRole(client: Client, { current, target }: RotatorContext, next: Secret): Promise<void> {
  const { user } = parseLoginUrl(current, target.variable);
  const { user: idle, password } = parseLoginUrl(next, target.variable);
  const facts = await readCurrent(client, user);
  const there = await readRole(client, idle);
  if (there) await refuseInUse(client, idle);
  const owner = ownerOf(user, facts);
  // What is there already may have been prepared by somebody with more rights than we have.
  const groups = [owner, ...facts.memberOf].filter((group) => group !== idle && !there?.memberOf.includes(group));
  const settings = [`role=${owner}`, ...(facts.rolconfig ?? []).filter((setting) => !setting.startsWith("role="))];
  const [name, verifier] = [quoteName(idle), createScramVerifier(password)];
  await client.query("begin");
  await client.query(`${there ? "alter" : "create"} role ${name} login password '${verifier}'`);
  for (const group of new Set(groups)) await client.query(`grant ${quoteName(group)} to ${name}`);
  for (const setting of settings.filter((each) => !there?.rolconfig?.includes(each))) {
    await client.query(alterSetting(name, setting));
  }
  await client.query("commit");
}

/** The catalogue keeps `name=value`; lists such as a search_path are kept ready for use. */
function alterSetting(role: string, setting: string): string {
  const equals = setting.indexOf("=");
  const [name, value] = [setting.slice(0, equals), setting.slice(equals + 1)];
  const literal = name === "search_path" ? value : `'${value.replaceAll("'", "''")}'`;
  return `alter role ${role} set ${quoteName(name)} to ${literal}`;
}

async function refuseInUse(client: Client, idle: string): Promise<void> {
  const sessions = await countSessions(client, idle);
  if (sessions === 0) return;
  throw new AppError("denied", `Role ${idle} is in use by ${sessions} sessions: its password must not change.`, {
    service: "postgresql",
    hint: "Find who logs in with it; only Sophia's rotation should.",
  });
}

async function countSessions(client: Client, user: string): Promise<number> {
  const { rows } = await client.query<{ sessions: string }>(
    "select count(*) as sessions from pg_stat_activity where usename = $1 and application_name <> $2",
    [user, rotationApplication],
  );
  return Number(rows[0]?.sessions ?? 0);
}

/** One privilege that the value in use has and the other one lacks. */
async function findMissing(current: Secret, value: Secret): Promise<string | undefined> {
  const found = await withPostgres(value, readPrivileges);
  if (unwrap(value) === unwrap(current)) return undefined;
  // After the old role's end there is nothing to compare with.
  const needed = await withPostgres(current, readPrivileges).catch((error: AppError) => {
    if (error.kind === "denied") return new Set<string>();
    throw error;
  });
  return [...needed].find((privilege) => !found.has(privilege));
}

/** Its password goes in any case; a role that must change itself cannot also take its own right to log in. */
async function disableRole(client: Client, user: string): Promise<string[]> {
  const name = quoteName(user);
  try {
    await client.query(`alter role ${name} nologin password null`);
    return [];
  } catch (thrown) {
    if (!(thrown instanceof Error && "code" in thrown && thrown.code === "42501")) throw thrown;
  }
  await client.query(`alter role ${name} password null`);
  return [`Role ${user} has no password any more, but could still log in where the server asks for none.`];
}
