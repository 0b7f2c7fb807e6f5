import { AppError } from "@sophia/core/errors/app-error";
import { unwrap } from "@sophia/core/config/secret";
import { formatEnvironmentId } from "@sophia/core/secrets/backend/environment-id";
import { formatPropertyPath } from "@sophia/core/secrets/esc/property-path";
import type { Stage } from "@sophia/core/secrets/settings/group-environments";
import type { CommandContext } from "../commands/command-context.ts";
import { chooseValue, type ValueOptions } from "./choose-value.ts";
import { checkSetting } from "./check-setting.ts";
import { writeInto } from "./edit-definition.ts";
import { openBackend } from "./open-backend.ts";
import { recordSecretAct } from "./record-secret-act.ts";
import { describeTarget, resolveSetTarget } from "./set-target.ts";
import { changeText, describeWrite, reportWrite } from "./write-environment.ts";

export interface SetOptions extends ValueOptions {
  /** `ENVIRONMENT PATH [VALUE]`, or `VARIABLE [VALUE]`. */
  words: readonly string[];
  stage: Stage | undefined;
  message: string | undefined;
  json: boolean;
}

/** `secrets set`: one value of an environment. A secret comes over stdin, from a file or from a question, never as an argument. */
export async function runSet(context: CommandContext, options: SetOptions): Promise<number> {
  if (options.secret && options.plaintext) {
    throw new AppError("invalid_input", "--secret and --plaintext exclude each other.", {
      hint: "Leave one of them out.",
    });
  }
  const secrets = await openBackend(context);
  const target = resolveSetTarget(secrets, options.words, options.stage ?? secrets.stage);
  const value = await chooseValue(context, secrets, target, options);
  const doubt = target.place && checkSetting(target.place.variable, unwrap(value.text));
  if (doubt !== undefined) context.terminal.note(`Note: ${doubt} It is set all the same.`);
  const environment = formatEnvironmentId(target.id);
  const what = describeTarget(target);
  const result = await recordSecretAct(context, {
    command: "set",
    effect: "update",
    subject: { environment, path: formatPropertyPath(target.path), secret: value.isSecret },
    run: () =>
      changeText(secrets.backend, target.id, {
        apply: (yaml) => writeInto(yaml, target, value),
        message: options.message ?? `Set ${what}`,
      }),
    describe: describeWrite,
  });
  const { revision } = reportWrite(context, target.id, result);
  const path = formatPropertyPath(target.path);
  if (options.json) context.terminal.print(JSON.stringify({ environment, path, secret: value.isSecret, revision }));
  else
    context.terminal.note(
      `${what} is set${value.isSecret ? ", as a secret" : ""}; ${environment} is at revision ${revision}.`,
    );
  return 0;
}
