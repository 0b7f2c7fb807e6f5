import type { Clock } from "@sophia/core/limits/clock";
import { createEndpointHealth } from "@sophia/core/routing/create-endpoint-health";
import type { EndpointHealth } from "@sophia/core/routing/endpoint-health";
import { OutcomeMemory } from "@sophia/core/routing/outcome-memory";
import { createOutcomeStore } from "@sophia/core/routing/outcome-store";
import { createQualityEstimator } from "@sophia/core/routing/quality-estimator";
import type { RouteTables } from "@sophia/core/routing/route-tables";
import { createRouter, type Router } from "@sophia/core/routing/router";
import { createUsableShares } from "@sophia/core/routing/usable-shares";
import type { Store } from "@sophia/core/store/store";
import type { Logger } from "pino";
import { createModelStrength, type ModelStrength } from "./model-strength.ts";
import { createRouteLearner, type RouteLearner } from "./route-learner.ts";

export interface Routing {
  router: Router;
  health: EndpointHealth;
  learner: RouteLearner;
  strength: ModelStrength;
}

/** The router of this server with its memory, which fills from the store in the background. Close the learner. */
export function createRouting(options: { store: Store<RouteTables>; clock: Clock; log: Logger }): Routing {
  const { store, clock, log } = options;
  const memory = new OutcomeMemory();
  const usable = createUsableShares();
  const health = createEndpointHealth({ clock });
  const quality = createQualityEstimator({ memory, usable });
  const router = createRouter({ quality, health, clock, random: Math.random });
  const outcomes = createOutcomeStore({ store, clock });
  const learner = createRouteLearner({ store: outcomes, memory, usable, router, clock, log });
  return { router, health, learner, strength: createModelStrength({ memory, clock }) };
}
