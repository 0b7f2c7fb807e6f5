import { toAppError } from "@sophia/core/errors/app-error";
import { z } from "zod";

/** One of the things that are looked at together. When it fails, the others are told all the same. */
export const StatusPart = z.object({
  ok: z.boolean().describe("Nothing here needs attention."),
  state: z
    .enum(["ok", "degraded", "failed", "off"])
    .describe("off: not there and not expected; failed: it could not be read."),
  detail: z.string().describe("One sentence."),
  problems: z.array(z.string()).describe("Each with what it is about first."),
});
export type StatusPart = z.infer<typeof StatusPart>;

/** What a part says when it could be read. */
export interface PartReading {
  detail: string;
  problems: string[];
}

/**
 * Reads one part; its failure becomes its state. `expected` says whether a thing that is not configured is a fault:
 * a machine without Docker is well, a DOCKER_HOST that does not answer is not.
 */
export async function readPart(
  work: Promise<PartReading>,
  expected: boolean,
  signal: AbortSignal,
): Promise<StatusPart> {
  try {
    const { detail, problems } = await work;
    return { ok: problems.length === 0, state: problems.length === 0 ? "ok" : "degraded", detail, problems };
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    const error = toAppError(thrown);
    const fix = error.hint === undefined ? "" : ` ${error.hint}`;
    if (error.kind === "not_configured" && !expected) {
      return { ok: true, state: "off", detail: `${error.message}${fix}`, problems: [] };
    }
    return { ok: false, state: "failed", detail: `${error.message}${fix}`, problems: [error.message] };
  }
}

const named = 3;

/** The verdict in one sentence: what is wrong first, or that nothing is, with the counts that prove it. */
export function composeVerdict(parts: readonly StatusPart[]): string {
  const problems = parts.flatMap((part) => part.problems);
  if (problems.length === 0) {
    const details = parts.filter((part) => part.state === "ok").map((part) => part.detail.replace(/\.$/, ""));
    return `All is well: ${details.join("; ")}.`;
  }
  const more = problems.length > named ? ` and ${problems.length - named} more` : "";
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  const first = problems.slice(0, named).map((problem) => problem.replace(/\.$/, ""));
  return `${count}: ${first.join("; ")}${more}.`;
}
