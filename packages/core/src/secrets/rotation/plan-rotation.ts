import { unwrap } from "../../config/secret.ts";
import { AppError } from "../../errors/app-error.ts";
import { formatEnvironmentId } from "../backend/environment-id.ts";
import { findAdministratorPlace } from "./administrator-place.ts";
import { endOfBlackout } from "./blackouts.ts";
import { graceOf, type RotationParts } from "./rotation-parts.ts";
import { readAdministrator } from "./rotation-run.ts";
import type { RotatedService, RotationConsumer, RotationPlan, RotationTarget } from "./rotation-types.ts";
import type { RotatorForecast } from "./rotator.ts";
import { readRotatedAt, readServedSecret, type ServedSecret } from "./served-secret.ts";

/** What a rotation of this secret would do now. Changes nothing. */
export async function planRotation(parts: RotationParts, target: RotationTarget): Promise<RotationPlan> {
  const service = serviceOf(parts, target);
  const served = await readServedSecret(parts.backend, target);
  const fingerprint = parts.keys.fingerprint(unwrap(served.value));
  const consumers = await listConsumers(parts, target, fingerprint);
  const forecast = await forecastOf(parts, { target, service, served });
  const last = await parts.rows.findLast(target);
  const now = parts.clock.now();
  const openAt = endOfBlackout(parts.blackouts ?? [], now);
  return {
    target,
    kind: service.rotator ? "automatic" : "assisted",
    strategy: service.rotator?.strategy ?? "a person makes the new key",
    steps: describeSteps(parts, { target, service, changes: forecast.changes }),
    warnings: [...forecast.warnings, ...warningsOf(consumers, service)],
    consumers,
    graceMs: graceOf(parts.limits),
    currentFingerprint: fingerprint,
    stateVersion: `${served.source.revision}:${fingerprint}`,
    revision: served.source.revision,
    notBefore: openAt > now ? openAt : undefined,
    lastRotatedAt: last?.promoted_at ?? readRotatedAt(served.source.yaml, target.path),
    pageUrl: service.rotator ? undefined : service.docsUrl,
  };
}

export function serviceOf(parts: RotationParts, target: RotationTarget): RotatedService {
  const service = parts.services.get(target.service);
  if (service) return service;
  throw new AppError("not_found", `There is no service ${target.service}.`, {
    hint: `Known: ${[...parts.services.keys()].join(", ")}`,
  });
}

/** Those that reported lately, and with which value. */
export async function listConsumers(
  parts: RotationParts,
  target: RotationTarget,
  currentFingerprint: string,
): Promise<RotationConsumer[]> {
  const since = parts.clock.now() - parts.limits.consumerLivesMs;
  const [rows, active] = await Promise.all([parts.consumers.list(target), parts.rows.findActive(target)]);
  const oldFingerprint = active?.old_fingerprint ?? undefined;
  const newFingerprint = active?.new_fingerprint ?? currentFingerprint;
  return rows
    .filter((row) => row.seen_at >= since)
    .map(({ process, fingerprint, seen_at, calls, failures }) => {
      const uses = fingerprint === newFingerprint ? "new" : fingerprint === oldFingerprint ? "old" : "other";
      return { process, fingerprint, uses, seenAt: seen_at, calls, failures };
    });
}

async function forecastOf(
  parts: RotationParts,
  { target, service, served }: { target: RotationTarget; service: RotatedService; served: ServedSecret },
): Promise<RotatorForecast> {
  if (!service.rotator) return { changes: [], warnings: [] };
  const signal = AbortSignal.timeout(parts.limits.callTimeoutMs);
  const administrator = await readAdministrator(parts, target);
  const forecast = await service.rotator.describe({ target, current: served.value, administrator, signal });
  const place = (parts.administratorOf ?? findAdministratorPlace)(target);
  if (administrator || !place || !forecast.needsAdministrator) return forecast;
  const where = `${formatEnvironmentId(place.environment)} at ${place.path}`;
  return { ...forecast, warnings: [...forecast.warnings, `An administrator's credential belongs into ${where}.`] };
}

function describeSteps(
  parts: RotationParts,
  { target, service, changes }: { target: RotationTarget; service: RotatedService; changes: readonly string[] },
): string[] {
  const environment = formatEnvironmentId(target.environment);
  const minutes = Math.ceil(graceOf(parts.limits) / 60_000);
  const make = service.rotator
    ? changes
    : [`A person makes a new key for ${target.variable} at ${service.docsUrl} and hands it over.`];
  const end = service.rotator
    ? "The old value is made invalid at the service."
    : `A person deletes the old key at ${service.docsUrl}.`;
  return [
    `${environment} is backed up and its revision tagged.`,
    ...make,
    "The new value is tried as its consumers would use it, here and by each of them.",
    `${environment} serves the new value at ${target.path}, by one new revision.`,
    `For at least ${minutes} min both are valid; probe and calls are watched, and the old one is served again if they fail.`,
    end,
  ];
}

function warningsOf(consumers: readonly RotationConsumer[], service: RotatedService): string[] {
  return [
    ...(consumers.length === 0 ? ["No process reports that it uses this secret: who does must look for changes."] : []),
    ...(service.rotator || service.probeKey
      ? []
      : [`${service.title} has no probe yet: a new key is checked by its shape only.`]),
  ];
}
