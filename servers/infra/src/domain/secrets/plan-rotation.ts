import type { ChangePlan } from "@sophia/core/approval/change-plan";
import { AppError } from "@sophia/core/errors/app-error";
import { suggestName } from "@sophia/core/config/suggest-name";
import { formatEnvironmentId } from "@sophia/core/secrets/backend/environment-id";
import type { EnvironmentId } from "@sophia/core/secrets/backend/secret-backend";
import { listLeaves } from "@sophia/core/secrets/inspect/list-leaves";
import type { RotationStatus } from "@sophia/core/secrets/rotation/rotation-types";
import { readEnvironment } from "./read-environment.ts";
import { parseEnvironment, type SecretDesk, type VariableUse } from "./secret-desk.ts";

export interface RotationWish {
  variable: string;
  /** Default: where the variable lies for this installation's stage. */
  environment?: string | undefined;
}

/** A secret that can be exchanged, as it is now. */
export interface RotationSubject {
  use: VariableUse;
  id: EnvironmentId;
  revision: number;
  etag: string;
  last: RotationStatus | undefined;
}

/** Throws AppError `not_found` where there is no such secret, `invalid_input` while it is being rotated. */
export async function findSubject(desk: SecretDesk, { variable, environment }: RotationWish): Promise<RotationSubject> {
  const use = desk.variables.find((each) => each.variable === variable);
  if (use === undefined || !use.isSecret) throw unknownVariable(desk, variable);
  const id = environment === undefined ? use.environmentOf(desk.stage) : parseEnvironment(environment);
  const { checked, revision, etag } = await readEnvironment(desk, id);
  const name = formatEnvironmentId(id);
  const leaf = checked.environment && listLeaves(checked.environment).find(({ path }) => path === use.path);
  const definer = leaf?.value.trace.def.environment ?? name;
  if (leaf === undefined) {
    throw new AppError("not_found", `${name} holds no ${variable} yet: there is nothing to rotate.`, {
      hint: `A person sets it with: npm run sophia -- secrets set ${variable}`,
    });
  }
  if (definer !== name && definer !== "<yaml>") {
    throw new AppError("invalid_input", `${variable} comes to ${name} from ${definer}.`, {
      hint: `Plan it there: environment ${definer}`,
    });
  }
  const rotations = (await desk.rotations(id)).filter(({ path }) => path === use.path);
  const running = rotations.find(({ finishedAt, state }) => finishedAt === undefined && state !== "failed");
  if (running !== undefined) {
    throw new AppError("invalid_input", `${variable} is being rotated: ${running.state} at step ${running.step}.`, {
      hint: running.nextStep === "" ? "Wait for it." : running.nextStep,
    });
  }
  return { use, id, revision, etag, last: rotations.find(({ served }) => served === "new") };
}

function unknownVariable({ variables }: SecretDesk, variable: string): AppError {
  const secrets = variables.filter(({ isSecret }) => isSecret).map((each) => each.variable);
  const suggestion = suggestName(variable, secrets);
  return new AppError("not_found", "There is no secret of Sophia's with this name.", {
    hint: suggestion === undefined ? `There are: ${secrets.slice(0, 40).join(", ")}.` : `Did you mean ${suggestion}?`,
  });
}

/** The same for the same state of the environment. */
export function describeRotation({ use, id, revision, etag, last }: RotationSubject): ChangePlan {
  const environment = formatEnvironmentId(id);
  const { variable, title, servers, isAutomatic, pageUrl, path } = use;
  const before =
    last?.promotedAt === undefined ? "never rotated" : `rotated ${new Date(last.promotedAt).toISOString()}`;
  const readers = servers.length === 0 ? "No server reads it." : `Read by ${servers.join(", ")}.`;
  const serve = {
    action: "update" as const,
    resource: `${environment} ${path}`,
    before,
    after: "a new value, by one new revision",
  };
  if (isAutomatic) {
    return {
      summary: `Rotate ${variable} of ${environment}: ${title} gets a second valid value, which is tried, served, watched, and then the old one is made invalid.`,
      changes: [
        serve,
        {
          action: "update",
          resource: `credentials at ${title}`,
          after: "the new value; the old one is invalid at the end",
        },
      ],
      blastRadius: `${readers} Old and new value are valid side by side for at least 10 min; the old one is served again if calls fail.`,
      risk: "medium",
      costPerHourUsd: 0,
      stateVersion: `${revision}:${etag}`,
    };
  }
  return {
    summary: `Open a task: a person makes a new ${variable} at ${pageUrl ?? title}, hands it over with \`secrets complete\`, and it is tried before it is served.`,
    changes: [{ action: "create", resource: `task for a person: new ${variable}`, after: pageUrl ?? title }, serve],
    blastRadius: `${readers} Nothing changes until a person has handed over a key that works; the old one stays valid until that person deletes it.`,
    risk: "low",
    costPerHourUsd: 0,
    stateVersion: `${revision}:${etag}`,
  };
}
