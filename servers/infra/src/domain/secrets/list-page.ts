import { readCursor, toCursor } from "@sophia/core/mcp/paging";
import { formatEnvironmentId } from "@sophia/core/secrets/backend/environment-id";
import { z } from "zod";
import type { SecretDesk } from "./secret-desk.ts";

export const EnvironmentItem = z.object({
  environment: z.string().describe("project/name."),
  revision: z.int(),
  modifiedAt: z.string().describe("ISO 8601."),
  createdAt: z.string().describe("ISO 8601."),
  tags: z.record(z.string(), z.string()),
});

/** The store pages by a cursor of its own, which is bound here to the question. */
export async function listPage(
  { backend }: SecretDesk,
  query: { project: string | undefined; limit: number; cursor: string | undefined },
): Promise<{ items: z.infer<typeof EnvironmentItem>[]; nextCursor: string | undefined }> {
  const { project, limit } = query;
  const scope = `environments\n${project ?? ""}`;
  const cursor = readCursor(query.cursor, scope, z.string());
  const page = await backend.list({ limit, project, cursor });
  const items = page.items.map(({ revision, createdAt, modifiedAt, tags, ...id }) => ({
    environment: formatEnvironmentId(id),
    revision,
    modifiedAt: new Date(modifiedAt).toISOString(),
    createdAt: new Date(createdAt).toISOString(),
    tags: { ...tags },
  }));
  return { items, nextCursor: page.nextCursor === undefined ? undefined : toCursor(page.nextCursor, scope) };
}
