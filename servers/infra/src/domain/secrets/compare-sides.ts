import { parseRevision } from "@sophia/core/secrets/backend/environment-reference";
import { formatEnvironmentId } from "@sophia/core/secrets/backend/environment-id";
import type { EnvironmentId } from "@sophia/core/secrets/backend/secret-backend";
import { compareLeaves, type LeafSide } from "@sophia/core/secrets/inspect/compare-leaves";
import { listLeaves } from "@sophia/core/secrets/inspect/list-leaves";
import { z } from "zod";
import { openOrCheck } from "./read-environment.ts";
import { parseEnvironment, type SecretDesk } from "./secret-desk.ts";

const Side = z.object({
  type: z.enum(["null", "boolean", "number", "string", "list", "object", "any"]),
  secret: z.boolean(),
  fingerprint: z.string().optional().describe("Of a secret, where it could be opened: 16 hex digits of an HMAC."),
});

export const ComparedValue = z.object({
  path: z.string(),
  change: z.enum(["added", "removed", "changed", "same", "not known"]),
  before: Side.optional(),
  after: Side.optional(),
});

export interface ComparedSides {
  before: string;
  after: string;
  items: z.infer<typeof ComparedValue>[];
  notes: string[];
}

interface Named {
  id: EnvironmentId;
  revision: number | string | undefined;
}

/** Both sides by path. What is no secret is compared too, and told just as little. */
export async function compareSides(
  desk: SecretDesk,
  { before, after, signal }: { before: string; after: string; signal: AbortSignal },
): Promise<ComparedSides> {
  const first = parseName(before);
  const second = after.startsWith("@") ? { id: first.id, revision: parseRevision(after.slice(1)) } : parseName(after);
  const open = ({ id, revision }: Named): ReturnType<typeof openOrCheck> => openOrCheck(desk, id, { revision, signal });
  const [old, next] = await Promise.all([open(first), open(second)]);
  const differences = compareLeaves(
    listLeaves(old.environment, { intoLists: true }),
    listLeaves(next.environment, { intoLists: true }),
    (text) => desk.fingerprint(text),
  );
  return {
    before: formatName(first),
    after: formatName(second),
    items: differences.map(({ path, change, before: left, after: right }) => ({
      path,
      change,
      ...(left && { before: withoutText(left) }),
      ...(right && { after: withoutText(right) }),
    })),
    notes: [old.note, next.note].filter((note) => note !== undefined),
  };
}

function parseName(text: string): Named {
  const at = text.indexOf("@");
  if (at === -1) return { id: parseEnvironment(text), revision: undefined };
  return { id: parseEnvironment(text.slice(0, at)), revision: parseRevision(text.slice(at + 1)) };
}

function formatName({ id, revision }: Named): string {
  return revision === undefined ? formatEnvironmentId(id) : `${formatEnvironmentId(id)}@${revision}`;
}

function withoutText({ type, secret, fingerprint }: LeafSide): z.infer<typeof Side> {
  return { type, secret, ...(secret && fingerprint !== undefined && { fingerprint }) };
}
