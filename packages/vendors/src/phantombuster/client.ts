import type { Secret } from "@sophia/core/config/secret";
import type { VendorFailure } from "@sophia/core/http/failures";
import { createHttp, type HttpObserver } from "@sophia/core/http/http";
import type { Clock } from "@sophia/core/limits/clock";
import type { Pacer } from "@sophia/core/limits/pacer";
import type { Logger } from "pino";
import { createAgents, type PhantombusterAgents } from "./agents.ts";
import { createContainers, type PhantombusterContainers } from "./containers.ts";
import { phantombusterBaseUrl, phantombusterKeyCheck } from "./key-check.ts";
import { phantombusterLimits } from "./operations.ts";

export interface PhantombusterClientOptions {
  apiKey: Secret;
  /** Organisation to act in, when the key knows several. */
  orgId?: string;
  /** Default: the vendor's. */
  baseUrl?: string;
  log: Logger;
  clock: Clock;
  observer?: HttpObserver;
  pacer?: Pacer;
}

export interface PhantombusterClient extends PhantombusterAgents, PhantombusterContainers {
  close(): Promise<void>;
}

/** Agents and their runs. Never `/users/fetch-me`: it makes a session. https://hub.phantombuster.com/reference */
export function createPhantombusterClient(options: PhantombusterClientOptions): PhantombusterClient {
  const { apiKey, clock, log, orgId } = options;
  const http = createHttp({
    service: "phantombuster",
    baseUrl: options.baseUrl ?? phantombusterBaseUrl,
    auth: phantombusterKeyCheck.auth(apiKey),
    headers: orgId === undefined ? {} : { "x-phantombuster-org": orgId },
    limits: phantombusterLimits,
    explain: explainFailure,
    log,
    clock,
    ...(options.observer && { observer: options.observer }),
    ...(options.pacer && { pacer: options.pacer }),
  });
  return { ...createAgents(http), ...createContainers(http, clock), close: () => http.close() };
}

/** The vendor's errors have a text and no code. */
function explainFailure(status: number): VendorFailure | undefined {
  if (status !== 400) return undefined;
  return {
    hint: "The agent's id may be wrong, its argument too big, or it may be running: read it and its containers.",
  };
}
