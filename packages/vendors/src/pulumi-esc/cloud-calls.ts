import { AppError } from "@sophia/core/errors/app-error";
import { createConflict } from "@sophia/core/secrets/backend/conflict";
import { formatEnvironmentId } from "@sophia/core/secrets/backend/environment-id";
import type { EnvironmentId } from "@sophia/core/secrets/backend/secret-backend";
import type { z } from "zod";
import type { EscAnswer } from "./esc-transport.ts";
import { toPlain } from "./parse-wire-json.ts";

const service = "pulumi-esc";
const revisionHeader = "pulumi-esc-revision";

/** The fields we use of an answer's body. Throws AppError `upstream`. */
export function readAnswer<Schema extends z.ZodType>(schema: Schema, answer: EscAnswer): z.output<Schema> {
  const parsed = schema.safeParse(toPlain(answer.json));
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues.map((issue) => `${issue.path.join(".") || "(top)"}: ${issue.code}`).join("; ");
  throw new AppError("upstream", "Bad reply from pulumi-esc: it does not have the agreed form.", {
    service,
    hint: "Try again later.",
    cause: new Error(where.slice(0, 1_000)),
  });
}

/** The revision an answer is about, from its header; 0 where it is not told. */
export function readRevision(answer: EscAnswer): number {
  const revision = Number(answer.headers[revisionHeader]);
  return Number.isSafeInteger(revision) && revision > 0 ? revision : 0;
}

export function readEtag(answer: EscAnswer): string {
  return answer.headers["etag"] ?? "";
}

/** Errors of a call about one environment, in our words for it. */
export async function about<Result>(id: EnvironmentId, work: Promise<Result>): Promise<Result> {
  try {
    return await work;
  } catch (thrown) {
    throw toEnvironmentError(id, thrown);
  }
}

function toEnvironmentError(id: EnvironmentId, thrown: unknown): unknown {
  if (!(thrown instanceof AppError) || thrown.service !== service) return thrown;
  const name = formatEnvironmentId(id);
  if (thrown.status === 404) {
    return new AppError("not_found", `Pulumi Cloud has no environment ${name}, or not what was asked of it.`, {
      hint: "List the environments, and the revisions and tags of this one.",
      service,
      status: 404,
      cause: thrown,
    });
  }
  if (thrown.status === 409) {
    return createConflict(
      `${name} was changed by somebody else meanwhile, or is there already.`,
      "Read it again, make your change on top of theirs, and update with the new ETag.",
    );
  }
  return thrown;
}
