import { AppError } from "@sophia/core/errors/app-error";
import type { Models, OfferedModel } from "../domain/models.ts";

/** Throws AppError `not_found` for a model that is none of this kind; a chat model would be asked for what it cannot do. */
export async function checkOffered(
  models: Pick<Models, "list">,
  { name, kind, own }: { name: string; kind: OfferedModel["kind"]; own: string },
): Promise<void> {
  const offered = await models.list().catch(() => []);
  if (offered.some((model) => model.id === name && model.kind === kind)) return;
  throw new AppError("not_found", `No ${kind} model of that name is offered here.`, {
    hint: `Use ${own}, which runs inside the server, or one that /v1/models lists as ${kind} model.`,
  });
}
