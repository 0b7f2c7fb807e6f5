import type { Redis } from "ioredis";

/** A user as `ACL GETUSER` tells of it, without passwords. */
export interface AclUser {
  flags: string[];
  /** Words that `ACL SETUSER` understands, for another user with the same rights. */
  rules: string[];
}

/** Undefined when there is none. Redis 6 gives keys and channels as lists, 7 as text, and with RESP3 all as a map. */
export async function readAclUser(redis: Redis, user: string): Promise<AclUser | undefined> {
  const reply = toFields(await redis.call("ACL", "GETUSER", user));
  if (!reply) return undefined;
  const selectors = (reply.get("selectors") as unknown[] | undefined) ?? [];
  const flags = toWords(reply.get("flags"));
  return {
    flags,
    rules: [
      ...flags.filter((flag) => flag === "skip-sanitize-payload"),
      ...toRules(reply),
      ...selectors.map((selector) => `(${toRules(toFields(selector) ?? new Map()).join(" ")})`),
    ],
  };
}

function toRules(fields: ReadonlyMap<string, unknown>): string[] {
  return [
    ...toWords(fields.get("commands")),
    ...toWords(fields.get("keys")).map((key) => (/^[~%]/.test(key) ? key : `~${key}`)),
    ...toWords(fields.get("channels")).map((channel) => (channel.startsWith("&") ? channel : `&${channel}`)),
  ];
}

function toFields(reply: unknown): Map<string, unknown> | undefined {
  if (reply instanceof Map) return new Map([...reply].map(([key, value]) => [String(key), value]));
  if (!Array.isArray(reply))
    return typeof reply === "object" && reply !== null ? new Map(Object.entries(reply)) : undefined;
  const pairs = Array.from({ length: reply.length / 2 }, (_, index): [string, unknown] => [
    String(reply[2 * index]),
    reply[2 * index + 1] as unknown,
  ]);
  return new Map(pairs);
}

function toWords(value: unknown): string[] {
  const text = typeof value === "string" ? value : "";
  const words = Array.isArray(value) ? value.map(String) : text.split(" ");
  return words.filter((word) => word !== "");
}
