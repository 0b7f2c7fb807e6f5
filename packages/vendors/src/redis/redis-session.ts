import type { Secret } from "@sophia/core/config/secret";
import { AppError } from "@sophia/core/errors/app-error";
import type { Redis } from "ioredis";
import { requireUrl } from "../identity-pair.ts";

const options = {
  lazyConnect: true,
  connectTimeout: 5_000,
  commandTimeout: 5_000,
  maxRetriesPerRequest: 0,
  enableReadyCheck: false,
  autoResendUnfulfilledCommands: false,
  retryStrategy: () => null,
};

/** One short connection under a URL. Throws AppError: `denied` when the user may not, `unavailable` when nobody answers. */
export async function withRedis<Result>(url: Secret, work: (redis: Redis) => Promise<Result>): Promise<Result> {
  const text = requireUrl(url);
  // Loaded when a rotation needs it: every server knows the registry, few rotate.
  const { Redis: RedisClient } = await import("ioredis");
  const redis = new RedisClient(text, options);
  // A refused login shows here only; to the caller ioredis says that the connection is closed.
  let refusal: Error | undefined;
  redis.on("error", (error: Error) => (refusal = error));
  try {
    await redis.connect();
    return await work(redis);
  } catch (thrown) {
    throw toRotationError(redis.status === "ready" ? thrown : (refusal ?? thrown));
  } finally {
    redis.disconnect();
  }
}

/** https://redis.io/docs/latest/develop/reference/protocol-spec/#simple-errors */
function toRotationError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  const word = thrown instanceof Error ? (/^[A-Z]+/.exec(thrown.message)?.[0] ?? "") : "";
  const common = { service: "redis", cause: thrown };
  if (word === "WRONGPASS" || word === "NOAUTH") {
    return new AppError("denied", "Redis refuses the user or the password.", {
      ...common,
      hint: "The user may have been changed by hand.",
    });
  }
  if (word === "NOPERM") {
    return new AppError("denied", "The user may not do what this step needs.", {
      ...common,
      hint: "Rotation needs a user that may use ACL: store its URL as the administrator's.",
    });
  }
  if (word === "ERR") {
    return new AppError("upstream", "Redis refused a command of the rotation.", { ...common, retryable: false });
  }
  return new AppError("unavailable", "Redis does not answer.", { ...common, hint: "Try again when it does." });
}
