import { AppError, toAppError } from "../../../errors/app-error.ts";
import { formatEnvironmentId } from "../environment-id.ts";
import type { EnvironmentId, SecretBackend } from "../secret-backend.ts";
import { type EnvironmentReference, parseEnvironmentReference } from "../environment-reference.ts";
import { findReferences } from "../find-references.ts";

/** Beside the first one; the evaluator takes as many. */
const mostImports = 1_000;

/**
 * The environment and all that it leads to, imports and references of every depth: what a credential has to hold the
 * keys of. Needs no key itself. What is missing or no name is left out: opening will tell. Throws AppError `not_found`
 * for the first one, and `invalid_input` for more than 1,000.
 */
export async function listImportClosure(
  backend: Pick<SecretBackend, "read">,
  id: EnvironmentId,
): Promise<readonly EnvironmentId[]> {
  const closure = new Map([[formatEnvironmentId(id), id]]);
  // Two revisions of one environment may import different ones.
  const read = new Set([formatEnvironmentId(id)]);
  const waiting: EnvironmentReference[] = [{ id, revision: undefined }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const isRoot = next.id === id;
    const { yaml } = await backend.read(next.id, { revision: next.revision }).catch((thrown: unknown) => {
      if (!isRoot && toAppError(thrown).kind === "not_found") return { yaml: "" };
      throw thrown;
    });
    for (const name of findReferences(yaml)) {
      const found = parseReference(name);
      if (found === undefined) continue;
      const key = formatEnvironmentId(found.id) + (found.revision === undefined ? "" : `@${found.revision}`);
      if (read.has(key)) continue;
      read.add(key);
      closure.set(formatEnvironmentId(found.id), found.id);
      waiting.push(found);
      if (read.size > mostImports + 1) throw tooMany(id);
    }
  }
  return [...closure.values()];
}

function parseReference(name: string): EnvironmentReference | undefined {
  try {
    return parseEnvironmentReference(name);
  } catch {
    return undefined;
  }
}

function tooMany(id: EnvironmentId): AppError {
  return new AppError("invalid_input", `${formatEnvironmentId(id)} leads to more than ${mostImports} environments.`, {
    hint: "Import fewer of them.",
  });
}
