import { AppError } from "@sophia/core/errors/app-error";
import { parseEnvironmentId } from "@sophia/core/secrets/backend/environment-id";
import type { EnvironmentId, SecretBackend } from "@sophia/core/secrets/backend/secret-backend";
import type { RotationStatus } from "@sophia/core/secrets/rotation/rotation-types";
import type { RotationRequest } from "@sophia/core/secrets/rotation-requests/rotation-requests";
import { ownProject, type Stage } from "@sophia/core/secrets/settings/group-environments";

/** One of Sophia's variables: who needs it, where it lies, how it is exchanged. */
export interface VariableUse {
  variable: string;
  service: string;
  title: string;
  /** Where a person makes a new key. */
  pageUrl: string | undefined;
  isSecret: boolean;
  /** Ids of the servers that read it. */
  servers: readonly string[];
  /** Keys below `values`, joined. */
  path: string;
  /** Rotation makes the new value itself; else a person does. */
  isAutomatic: boolean;
  environmentOf(stage: Stage): EnvironmentId;
}

/** What the tools about secrets work with. None of it gives a value to a caller. */
export interface SecretDesk {
  backend: SecretBackend;
  stage: Stage;
  variables: readonly VariableUse[];
  /** 16 hex digits; the same for equal values. */
  fingerprint(text: string): string;
  /** Newest first. */
  rotations(environment: EnvironmentId): Promise<readonly RotationStatus[]>;
  /** Asks whoever holds all keys to begin a rotation. */
  requestRotation(request: RotationRequest, signal: AbortSignal): Promise<{ requestId: string; rotationId?: string }>;
}

/** Throws AppError `not_configured` where there is no store of secrets. */
export function requireDesk({ secrets }: { secrets: SecretDesk | undefined }): SecretDesk {
  if (secrets !== undefined) return secrets;
  throw new AppError("not_configured", "There is no store of secrets on this installation yet.", {
    service: "pulumi-esc",
    hint: "A person makes it with `npm run sophia -- secrets init` and restarts Sophia; or sets PULUMI_ACCESS_TOKEN and PULUMI_ESC_ENVIRONMENT.",
  });
}

/** `project/name`, or a name in Sophia's own project. Throws AppError `invalid_input`. */
export function parseEnvironment(text: string): EnvironmentId {
  return parseEnvironmentId(text.includes("/") ? text : `${ownProject}/${text}`);
}
