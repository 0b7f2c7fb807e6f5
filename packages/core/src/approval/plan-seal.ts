import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { PlansTable } from "../store/core-tables.ts";
import { hashCanonical } from "./canonical-hash.ts";

/** What a plan's id vouches for. */
export type SealedFields = Pick<
  PlansTable,
  | "server"
  | "tool"
  | "caller"
  | "arguments_hash"
  | "plan_hash"
  | "state_version"
  | "risk"
  | "cost_per_hour_usd"
  | "created_at"
  | "expires_at"
>;

const nonceLength = 16;

/** A new plan id: `pl_`, 96 random bits, and 128 bits of an HMAC over all that the plan is bound to. */
export function sealPlan(fields: SealedFields, key: Buffer): string {
  const nonce = randomBytes(12).toString("base64url");
  return `pl_${nonce}${computeMac(nonce, fields, key)}`;
}

/** Is the row what was sealed? False when one field, the arguments' or the plan's text, or the key is another. */
export function isSealIntact(row: PlansTable, key: Buffer): boolean {
  const nonce = row.id.slice(3, 3 + nonceLength);
  const expected = Buffer.from(`pl_${nonce}${computeMac(nonce, row, key)}`);
  const given = Buffer.from(row.id);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return false;
  return hashJson(row.arguments) === row.arguments_hash && hashJson(row.plan) === row.plan_hash;
}

/** What the column `approved_by` holds: the approver and an HMAC, so that a write to the table approves nothing. */
export function sealApproval(planId: string, approver: string, key: Buffer): string {
  const mac = createHmac("sha256", key)
    .update(JSON.stringify(["sophia approval", planId, approver]))
    .digest();
  return `${approver} ${mac.subarray(0, 16).toString("base64url")}`;
}

export function isApprovalIntact(planId: string, sealed: string | null, key: Buffer): boolean {
  const given = Buffer.from(sealed ?? "");
  const expected = Buffer.from(sealApproval(planId, readApprover(sealed) ?? "", key));
  return given.length === expected.length && timingSafeEqual(given, expected);
}

export function readApprover(sealed: string | null): string | null {
  return sealed?.split(" ")[0] ?? null;
}

function computeMac(nonce: string, fields: SealedFields, key: Buffer): string {
  const text = JSON.stringify([
    "sophia plan",
    nonce,
    fields.server,
    fields.tool,
    fields.caller,
    fields.arguments_hash,
    fields.plan_hash,
    fields.state_version,
    fields.risk,
    fields.cost_per_hour_usd,
    fields.created_at,
    fields.expires_at,
  ]);
  return createHmac("sha256", key).update(text).digest().subarray(0, 16).toString("base64url");
}

function hashJson(text: string): string {
  try {
    return hashCanonical(JSON.parse(text));
  } catch {
    return "";
  }
}
