import { hash } from "node:crypto";
import { z } from "zod";
import { AppError } from "../../../errors/app-error.ts";

const Header = z.object({
  revision: z.number().int().positive(),
  created: z.iso.datetime(),
  author: z.string(),
  message: z.string(),
  sha256: z.string(),
});

export interface StoredRevision {
  revision: number;
  /** Wall clock, milliseconds. */
  createdAt: number;
  author: string;
  message: string;
  /** Secrets as ciphertext. */
  yaml: string;
  etag: string;
}

/** A comment for YAML, so that the file stays one that people and the `esc` command can read. */
const marker = "# sophia ";

/** One file: who made the revision, when and why in its first line, then the definition as it is. */
export function formatRevisionFile(revision: Omit<StoredRevision, "etag">): string {
  const header: z.input<typeof Header> = {
    revision: revision.revision,
    created: new Date(revision.createdAt).toISOString(),
    author: revision.author,
    message: revision.message,
    sha256: hash("sha256", revision.yaml),
  };
  return `${marker}${JSON.stringify(header)}\n${revision.yaml}`;
}

/** @param path for the message. Throws AppError `unavailable` when the content is not what was written. */
export function parseRevisionFile(content: string, path: string): StoredRevision {
  const end = content.indexOf("\n");
  const yaml = content.slice(end + 1);
  const header = end > 0 && content.startsWith(marker) ? readHeader(content.slice(marker.length, end)) : undefined;
  if (header === undefined || header.sha256 !== hash("sha256", yaml)) throw damagedFile(path);
  const { revision, created, author, message } = header;
  return {
    revision,
    createdAt: Date.parse(created),
    author,
    message,
    yaml,
    etag: hash("sha256", content).slice(0, 32),
  };
}

function readHeader(text: string): z.output<typeof Header> | undefined {
  try {
    return Header.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

export function damagedFile(path: string): AppError {
  return new AppError("unavailable", `${path} is damaged: it is not what was written there.`, {
    hint: "Put the file back from a backup, or roll this environment back to an earlier revision. Others are not affected.",
    retryable: false,
  });
}
