import { randomBytes } from "node:crypto";
import type { Scope } from "./caller.ts";

/**
 * `sophia_<server>_` and 256 random bits, so that secret scanners can know our tokens by their shape; `sophia_approve_`
 * for who may approve, so that people can tell it from the one they give to an agent.
 */
export function newBearer({ server, scopes }: { server: string; scopes: readonly Scope[] }): string {
  const place = server === "*" ? "all" : server;
  return `sophia_${scopes.includes("approve") ? "approve" : place}_${randomBytes(32).toString("base64url")}`;
}
