import type { CommandContext } from "../commands/command-context.ts";
import { describeEnd, followRotation, isFailure } from "./follow-rotation.ts";
import { findAuthor } from "./open-backend.ts";
import { withRotations } from "./with-rotations.ts";

export interface ContinueOptions {
  id: string;
  /** `resume`: go on where it stands. `cancel`: undo it, so that the old value is served. */
  word: "resume" | "cancel";
  json: boolean;
}

/** `secrets rotate --resume ID` and `--cancel ID`: a person's word on a rotation that stands still, or should. */
export async function continueRotation(context: CommandContext, { id, word, json }: ContinueOptions): Promise<number> {
  return await withRotations(context, async (desk) => {
    await desk.rotations[word](id, findAuthor());
    const status = await followRotation(context, desk, { id, json, until: "end" });
    context.terminal.print(json ? JSON.stringify(status) : describeEnd(status));
    return isFailure(status) ? 1 : 0;
  });
}
