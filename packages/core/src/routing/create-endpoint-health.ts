import { versionOf } from "../config/secret.ts";
import type { Clock } from "../limits/clock.ts";
import type { CallReport, CallTicket, CandidateHealth, EndpointHealth, HealthState, Place } from "./endpoint-health.ts";
import { LatencySketch } from "./latency-sketch.ts";
import { PlaceBreaker } from "./place-breaker.ts";

interface Record {
  breaker: PlaceBreaker;
  inFlight: number;
  firstToken: LatencySketch;
  total: LatencySketch;
}

/** `version`: of the credential that its breaker judges. */
interface Endpoint {
  breaker: PlaceBreaker;
  version: number;
}

/** A provider may list hundreds of models; what was not asked for long is forgotten first. */
const maxRecords = 2_000;
const worstFirst: readonly HealthState[] = ["open", "resting", "returning", "closed"];

export function createEndpointHealth(options: { clock: Clock }): EndpointHealth {
  const { clock } = options;
  const candidates = new Map<string, Record>();
  const endpoints = new Map<string, Endpoint>();

  function find({ id, endpointId, credential }: Place): { record: Record; endpoint: PlaceBreaker } {
    const record = candidates.get(id) ?? createRecord(clock);
    // Set again at the end: the map's order is the order of use.
    candidates.delete(id);
    candidates.set(id, record);
    if (candidates.size > maxRecords) forgetOne(candidates);
    const version = credential ? versionOf(credential) : 0;
    const known = endpoints.get(endpointId);
    if (known?.version === version) return { record, endpoint: known.breaker };
    const endpoint = new PlaceBreaker(clock);
    endpoints.set(endpointId, { breaker: endpoint, version });
    return { record, endpoint };
  }

  return {
    enter(place, { lastResort = false } = {}) {
      const { record, endpoint } = find(place);
      const breakers = [endpoint, record.breaker];
      for (const breaker of breakers) breaker.want();
      if (!breakers.every((breaker) => breaker.admits(lastResort))) return undefined;
      for (const breaker of breakers) breaker.take();
      record.inFlight += 1;
      return createTicket(record, endpoint);
    },
    state(place) {
      const record = candidates.get(place.id);
      return describe(record, [record?.breaker, endpoints.get(place.endpointId)?.breaker]);
    },
  };
}

function createRecord(clock: Clock): Record {
  return { breaker: new PlaceBreaker(clock), inFlight: 0, firstToken: new LatencySketch(), total: new LatencySketch() };
}

function forgetOne(candidates: Map<string, Record>): void {
  for (const [id, { breaker, inFlight }] of candidates) {
    if (inFlight > 0 || breaker.state !== "closed") continue;
    candidates.delete(id);
    return;
  }
}

function createTicket(record: Record, endpoint: PlaceBreaker): CallTicket {
  const { breaker } = record;
  const [openingsThen, endpointOpeningsThen] = [breaker.openings, endpoint.openings];
  let reported = false;

  function count({ outcome }: CallReport): void {
    if (outcome === "ok") {
      breaker.succeed(openingsThen);
      endpoint.succeed(endpointOpeningsThen);
      return;
    }
    if (outcome.affects === "provider") endpoint.fail(outcome, endpointOpeningsThen);
    else endpoint.withdraw();
    if (outcome.affects === "model") breaker.fail(outcome, openingsThen);
    else breaker.withdraw();
  }

  return {
    report(report) {
      if (reported) return;
      reported = true;
      record.inFlight -= 1;
      count(report);
      if (report.outcome !== "ok") return;
      if (report.firstTokenMs !== undefined) record.firstToken.add(report.firstTokenMs);
      if (report.totalMs !== undefined) record.total.add(report.totalMs);
    },
  };
}

function describe(record: Record | undefined, breakers: readonly (PlaceBreaker | undefined)[]): CandidateHealth {
  const known = breakers.filter((breaker) => breaker !== undefined);
  const worst = known.toSorted((left, right) => worstFirst.indexOf(left.state) - worstFirst.indexOf(right.state))[0];
  return {
    state: worst?.state ?? "closed",
    retryAfterMs: Math.max(0, ...known.map((breaker) => breaker.retryAfterMs)),
    share: Math.min(1, ...known.map((breaker) => breaker.share)),
    errorRate: record?.breaker.errorRate ?? 0,
    recentCalls: record?.breaker.recentCalls ?? 0,
    inFlight: record?.inFlight ?? 0,
    firstTokenMs: record?.firstToken.read(),
    totalMs: record?.total.read(),
    openings: known.reduce((sum, breaker) => sum + breaker.openings, 0),
    cause: worst?.state === "closed" ? undefined : worst?.cause,
  };
}
