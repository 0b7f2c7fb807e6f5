import type { Command } from "commander";
import { addKeeping } from "./secrets/program/keeping.ts";
import { addMoving } from "./secrets/program/moving.ts";
import { addReading } from "./secrets/program/reading.ts";
import { addRotating } from "./secrets/program/rotating.ts";
import type { ChooseSecrets } from "./secrets/program/choose.ts";
import { addWriting } from "./secrets/program/writing.ts";

/** `sophia secrets …`. An action only says what to run. */
export function addSecrets(program: Command, choose: ChooseSecrets): void {
  const secrets = program
    .command("secrets")
    .description("environments of settings and secrets: [PROJECT/]NAME[@REVISION]")
    .enablePositionalOptions();
  addReading(secrets, choose);
  addWriting(secrets, choose);
  addKeeping(secrets, choose);
  addRotating(secrets, choose);
  addMoving(secrets, choose);
}
