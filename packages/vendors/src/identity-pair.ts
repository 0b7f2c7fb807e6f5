import { randomBytes } from "node:crypto";
import { Secret, unwrap } from "@sophia/core/config/secret";
import { AppError } from "@sophia/core/errors/app-error";
import type { RotatorContext } from "@sophia/core/secrets/rotation/rotator";

/** A URL with a user and a password in it, taken apart. */
export interface LoginUrl {
  url: URL;
  user: string;
  password: string;
}

/** Throws AppError `invalid_input`. @param defaultUser who a URL without a user means, where there is one. */
export function parseLoginUrl(secret: Secret, variable: string, defaultUser = ""): LoginUrl {
  const url = URL.parse(unwrap(secret));
  const user = (url && decodeURIComponent(url.username)) || defaultUser;
  if (url && user !== "") return { url, user, password: decodeURIComponent(url.password) };
  throw noUrl(variable);
}

/** Before a driver reads it: their errors quote the whole text. Throws AppError `invalid_input`. */
export function requireUrl(secret: Secret): string {
  const text = unwrap(secret);
  if (URL.canParse(text)) return text;
  throw noUrl("The credential");
}

function noUrl(what: string): AppError {
  return new AppError("invalid_input", `${what} is no URL with a user in it.`, {
    hint: "Its shape is protocol://user:password@host:port/name.",
  });
}

/** Two identities take turns: `x_a` follows `x`, then `x_b`, then `x_a` again. */
export function otherIdentity(user: string): string {
  if (user.endsWith("_a")) return `${user.slice(0, -2)}_b`;
  return `${user.endsWith("_b") ? user.slice(0, -2) : user}_a`;
}

/** The URL of the other identity with a new password of 256 random bits. */
export function createNextLogin({ url, user }: LoginUrl): Secret {
  const next = new URL(url);
  next.username = otherIdentity(user);
  next.password = randomBytes(32).toString("base64url");
  return new Secret(next.href);
}

/** Who may change the identity behind a value: the administrator, else whichever of the two values it is not. */
export function chooseExecutor({ administrator, current, next }: RotatorContext, changed: Secret): Secret {
  if (administrator) return administrator;
  return next !== undefined && unwrap(changed) === unwrap(current) ? next : current;
}
