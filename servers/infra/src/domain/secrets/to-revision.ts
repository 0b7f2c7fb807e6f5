import type { RevisionSummary } from "@sophia/core/secrets/backend/secret-backend";

/** Words of people, cut: they are data for a model. */
export function toRevision({ revision, createdAt, author, message, tags }: RevisionSummary) {
  return {
    revision,
    createdAt: new Date(createdAt).toISOString(),
    author: author.slice(0, 100),
    message: message.slice(0, 200),
    tags: [...tags],
  };
}
