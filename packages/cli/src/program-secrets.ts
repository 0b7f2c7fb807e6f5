import type { Command } from "commander";
import { addKeeping, addRestoring } from "./secrets/program/keeping.ts";
import { addMoving } from "./secrets/program/moving.ts";
import { addReading } from "./secrets/program/reading.ts";
import { addRotating } from "./secrets/program/rotating.ts";
import type { ChooseSecrets } from "./secrets/program/choose.ts";
import { addWriting } from "./secrets/program/writing.ts";

/**
 * `sophia secrets …`. An action only says what to run. `mend` is for commands that have to work whatever stands in the
 * environments; `choose` for those that share the servers' journal, whose address may stand there; `undo` for those that
 * share it too and have to work all the same.
 */
export function addSecrets(
  program: Command,
  { choose, mend, undo }: Record<"choose" | "mend" | "undo", ChooseSecrets>,
): void {
  const secrets = program
    .command("secrets")
    .description("environments of settings and secrets: [PROJECT/]NAME[@REVISION]")
    .enablePositionalOptions();
  addReading(secrets, mend);
  addWriting(secrets, mend);
  addKeeping(secrets, mend);
  addRestoring(secrets, choose);
  addRotating(secrets, choose);
  addMoving(secrets, { mend, undo });
}
