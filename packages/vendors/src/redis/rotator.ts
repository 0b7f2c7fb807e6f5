// https://redis.io/docs/latest/commands/acl-setuser/
import { hash } from "node:crypto";
import { type Secret, unwrap } from "@sophia/core/config/secret";
import { AppError } from "@sophia/core/errors/app-error";
import type { Rotator, RotatorContext, RotatorForecast } from "@sophia/core/secrets/rotation/rotator";
import type { Redis } from "ioredis";
import { chooseExecutor, createNextLogin, otherIdentity, parseLoginUrl } from "../identity-pair.ts";
import { readAclUser } from "./acl-rules.ts";
import { withRedis } from "./redis-session.ts";

const defaultUser = "default";

/** Two users with the same rules take turns. */
export const redisRotator: Rotator = {
  strategy: "two ACL users in turn, with the same rules",
  describe: (context) => withRedis(chooseExecutor(context, context.current), (redis) => describe(redis, context)),
  async create({ current, target }) {
    const login = parseLoginUrl(current, target.variable, defaultUser);
    // Redis' own user has no turn: it belongs to whoever runs the server.
    return createNextLogin(login.user === defaultUser ? { ...login, user: "sophia" } : login);
  },
  set: (context, next) => withRedis(context.administrator ?? context.current, (redis) => setUser(redis, context, next)),
  async validate(context, value) {
    await withRedis(value, (redis) => redis.call("PING").catch(ignoreForbidden));
    const { current, administrator, target } = context;
    if (unwrap(value) === unwrap(current)) return;
    const user = parseLoginUrl(value, target.variable, defaultUser).user;
    const other = parseLoginUrl(current, target.variable, defaultUser).user;
    await withRedis(administrator ?? value, (redis) => compareRules(redis, user, other).catch(ignoreForbidden));
  },
  async observe(context, value) {
    const { user } = parseLoginUrl(value, context.target.variable, defaultUser);
    return await withRedis(chooseExecutor(context, value), (redis) => countConnections(redis, user));
  },
  retire: (context, value) => withRedis(chooseExecutor(context, value), (redis) => disableUser(redis, context, value)),
};

/** Restricted users may neither ping nor read rules: then their login is all that can be checked. */
function ignoreForbidden(thrown: unknown): undefined {
  if (thrown instanceof Error && thrown.message.startsWith("NOPERM")) return undefined;
  throw thrown;
}

async function describe(redis: Redis, { current, target, administrator }: RotatorContext): Promise<RotatorForecast> {
  const { user } = parseLoginUrl(current, target.variable, defaultUser);
  const idle = otherIdentity(user === defaultUser ? "sophia" : user);
  const facts = await readUser(redis, user);
  return {
    needsAdministrator: true,
    changes: [
      `User ${idle} gets the rules of ${user} and a new password.`,
      user === defaultUser ? "Later: the default user loses the old password." : `Later: user ${user} is switched off.`,
    ],
    warnings: [
      ...(facts.flags.includes("nopass")
        ? [`User ${user} needs no password: that stays so for the default user.`]
        : []),
      ...(administrator ? [] : [`No administrator is stored: ${user} itself has to be able to use ACL.`]),
      ...((await keepsUsers(redis)) ? [] : [notKept]),
    ],
  };
}

const notKept =
  "Redis keeps its users neither in an aclfile nor in a configuration file: a restart of Redis forgets the new user.";

async function setUser(redis: Redis, { current, target }: RotatorContext, next: Secret): Promise<string[]> {
  const { user } = parseLoginUrl(current, target.variable, defaultUser);
  const { user: idle, password } = parseLoginUrl(next, target.variable, defaultUser);
  const { rules } = await readUser(redis, user);
  if (((await countConnections(redis, idle)) ?? 0) > 0) {
    throw new AppError("denied", `User ${idle} is in use: its password must not change.`, {
      service: "redis",
      hint: "Find who logs in with it; only Sophia's rotation should.",
    });
  }
  // Only the hash goes over the wire, so that no log of commands has the password.
  await redis.call("ACL", "SETUSER", idle, "reset", "on", `#${hash("sha256", password)}`, ...rules);
  return await keepUsers(redis);
}

async function readUser(redis: Redis, user: string) {
  const facts = await readAclUser(redis, user);
  if (facts) return facts;
  throw new AppError("invalid_input", `Redis has no user ${user}.`, { service: "redis", hint: "Look at ACL LIST." });
}

async function compareRules(redis: Redis, user: string, other: string): Promise<void> {
  const [mine, theirs] = [await readUser(redis, user), await readAclUser(redis, other)];
  const missing = theirs?.rules.find((rule) => !mine.rules.includes(rule));
  if (missing === undefined) return;
  throw new AppError("denied", `The new user lacks a rule of the one in use: ${missing}.`, {
    service: "redis",
    hint: "Somebody changed one of the two users during the rotation.",
  });
}

/** Undefined when the user that asks may not see the others' connections. */
async function countConnections(redis: Redis, user: string): Promise<number | undefined> {
  try {
    const list = String(await redis.call("CLIENT", "LIST"));
    const own = String(await redis.call("CLIENT", "ID"));
    const lines = list.split("\n").filter((line) => line.includes(` user=${user} `) && !line.startsWith(`id=${own} `));
    return lines.length;
  } catch (thrown) {
    return ignoreForbidden(thrown);
  }
}

async function disableUser(redis: Redis, { target }: RotatorContext, value: Secret): Promise<string[]> {
  const { user, password } = parseLoginUrl(value, target.variable, defaultUser);
  const facts = await readAclUser(redis, user);
  if (!facts) return [];
  if (user !== defaultUser) await redis.call("ACL", "SETUSER", user, "off", "resetpass");
  else if (password !== "" && !facts.flags.includes("nopass")) await removePassword(redis, user, password);
  return await keepUsers(redis);
}

/** Done already when the user no longer has it. */
async function removePassword(redis: Redis, user: string, password: string): Promise<void> {
  await redis.call("ACL", "SETUSER", user, `!${hash("sha256", password)}`).catch((thrown: unknown) => {
    if (!(thrown instanceof Error && /no such password|does not exist|didn't exist|not exist/i.test(thrown.message)))
      throw thrown;
  });
}

/** Into the aclfile, else into the configuration file. Says so where there is neither. */
async function keepUsers(redis: Redis): Promise<string[]> {
  for (const keep of [() => redis.call("ACL", "SAVE"), () => redis.call("CONFIG", "REWRITE")]) {
    try {
      await keep();
      return [];
    } catch (thrown) {
      if (!(thrown instanceof Error && /^(ERR|NOPERM)/.test(thrown.message))) throw thrown;
    }
  }
  return [notKept];
}

async function keepsUsers(redis: Redis): Promise<boolean> {
  try {
    const aclFile = (await redis.call("CONFIG", "GET", "aclfile")) as string[];
    const info = String(await redis.call("INFO", "server"));
    return (aclFile[1] ?? "") !== "" || /^config_file:\S+/m.test(info);
  } catch (thrown) {
    ignoreForbidden(thrown);
    // Not known: it is told after the attempt.
    return true;
  }
}
