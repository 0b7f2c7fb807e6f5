import type { CommandContext } from "../commands/command-context.ts";
import { withStore } from "../with-store.ts";
import { openBackend, type OpenSecrets } from "./open-backend.ts";
import { type OpenRotations, openRotations } from "./open-rotations.ts";

export interface RotationDesk extends Pick<OpenRotations, "rotations" | "jobs"> {
  secrets: OpenSecrets;
}

const stopGraceMs = 5_000;

/** Runs `work` with the machinery of rotation over this installation's store, and closes it whatever happens. */
export async function withRotations<Result>(
  context: CommandContext,
  work: (desk: RotationDesk) => Promise<Result>,
): Promise<Result> {
  const secrets = await openBackend(context);
  return await withStore(context.config, context.log, async (store) => {
    const opened = await openRotations(context, { secrets, store, server: "cli" });
    try {
      return await work({ ...opened, secrets });
    } finally {
      await opened.close(stopGraceMs);
    }
  });
}
