import { Option, InvalidArgumentError } from "commander";
import { type Stage, stages } from "@sophia/core/secrets/settings/group-environments";
import type { CommandContext } from "../../commands/command-context.ts";

export type ChooseSecrets = (run: (context: CommandContext) => Promise<number>) => void;

export function parseLimit(text: string): number {
  const limit = Number(text);
  if (Number.isSafeInteger(limit) && limit >= 1 && limit <= 1_000) return limit;
  throw new InvalidArgumentError("It must be a number from 1 to 1000.");
}

export function parseRevision(text: string): number {
  const revision = Number(text);
  if (Number.isSafeInteger(revision) && revision >= 1) return revision;
  throw new InvalidArgumentError("It must be the number of a revision.");
}

export function stageOption(): Option {
  return new Option("--stage <stage>", "production, staging or development; else SOPHIA_SECRETS_STAGE").choices(stages);
}

/** Commander has checked it. */
export type StageOption = { stage?: Stage };
