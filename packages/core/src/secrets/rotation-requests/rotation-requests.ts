import { AppError } from "../../errors/app-error.ts";
import type { Jobs } from "../../jobs/jobs.ts";
import type { Clock } from "../../limits/clock.ts";
import { formatEnvironmentId, parseEnvironmentId } from "../backend/environment-id.ts";
import type { RotationTarget, Rotations } from "../rotation/rotation-types.ts";

/**
 * A server's key opens its own group's environment only, rotation needs the installation's: so a server asks, through
 * the journal, and whoever holds all keys begins the rotation.
 */
export interface RotationRequest {
  target: RotationTarget;
  /** Id of the caller who applied the plan. */
  actor: string;
  /** Of the environment when the plan was made; another one refuses the request. */
  revision: number;
  /** Asking again with the same one asks once. */
  planId: string;
}

export interface RequestedRotation {
  requestId: string;
  /** Undefined while nobody has begun it. */
  rotationId?: string;
}

const kind = "request_rotation";
const lookEveryMs = 250;

interface RequestInput extends Omit<RotationTarget, "environment"> {
  environment: string;
  actor: string;
  revision: number;
}

/** Before `jobs.start`, in the process that holds all keys. */
export function answerRotationRequests(jobs: Jobs, rotations: Pick<Rotations, "plan" | "start" | "status">): void {
  jobs.define<RequestInput>(kind, async ({ input }) => {
    const { environment, path, service, variable, actor, revision } = input;
    const target = { environment: parseEnvironmentId(environment), path, service, variable };
    const [latest] = await rotations.status({ environment: target.environment, path, limit: 1 });
    // A crash between the start and the end of this job must not be taken for somebody else's rotation.
    if (latest?.actor === actor && latest.finishedAt === undefined) {
      return { rotationId: latest.id };
    }
    const plan = await rotations.plan(target);
    if (plan.revision !== revision) {
      throw new AppError("invalid_input", `${environment} has changed since the rotation was planned.`, {
        hint: "Plan it again.",
        retryable: false,
      });
    }
    const { id } = await rotations.start(target, actor, { stateVersion: plan.stateVersion });
    return { rotationId: id };
  });
}

/** Resolves when the request is durable and begun, or after `waitMs` without anybody to begin it. Throws what refused it. */
export async function requestRotation(
  jobs: Pick<Jobs, "enqueue" | "get">,
  { target, actor, revision, planId }: RotationRequest,
  { clock, waitMs, signal }: { clock: Clock; waitMs: number; signal: AbortSignal },
): Promise<RequestedRotation> {
  const { environment, path, service, variable } = target;
  const input: RequestInput = {
    environment: formatEnvironmentId(environment),
    path,
    service,
    variable,
    actor,
    revision,
  };
  const { id } = await jobs.enqueue({ kind, input, idempotencyKey: planId, caller: actor });
  const deadline = clock.monotonic() + waitMs;
  for (;;) {
    const job = await jobs.get(id);
    if (job?.state === "succeeded") return { requestId: id, ...(job.result as { rotationId: string }) };
    if (job?.error !== undefined && job.finishedAt !== undefined) {
      throw new AppError("invalid_input", "The rotation was not begun.", { hint: job.error.message });
    }
    if (clock.monotonic() >= deadline) return { requestId: id };
    await clock.sleep(lookEveryMs, signal);
  }
}
