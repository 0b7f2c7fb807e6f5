import type { Clock } from "@sophia/core/limits/clock";
import type { OutcomeMemory } from "@sophia/core/routing/outcome-memory";
import { toFamily } from "../domain/model-family.ts";

/** What the semantic cache asks of an answer before it serves it. */
export interface Demand {
  /** Requests of one class may be given each other's answers. */
  modelClass: string;
  /** Least strength of the answer's writer, 0 to 1. */
  strength: number;
  /** Strength of whoever answers this request, where that is settled already: a named model. */
  writer?: number;
}

/** How strong models are, from the judged answers that the router learns from too. */
export interface ModelStrength {
  /** Mean judged score of its family, 0 to 1 in steps of 0.05; `undefined` while too few answers have been judged. */
  of(model: string): number | undefined;
  demandOf(request: { model: string | undefined; qualityFloor: number | undefined }): Demand;
}

/** As many as the router wants before it chooses by them. */
const leastJudged = 50;
/** Models whose scores differ by less are one class: so few outcomes tell no finer difference. */
const step = 0.05;
/** All models whose strength is known; no model is called so. */
const judgedClass = "judged models";

export function createModelStrength(options: { memory: Pick<OutcomeMemory, "means">; clock: Clock }): ModelStrength {
  const { memory, clock } = options;

  function read(family: string): number | undefined {
    const mean = memory.means(family, "").family;
    const now = clock.now();
    if (!mean || mean.weight(now) < leastJudged) return undefined;
    // Rounded again, for 17 × 0.05 is not 0.85 to a computer.
    return Number((Math.floor(mean.mean(0, 0, now) / step + 1e-9) * step).toFixed(2));
  }

  function of(model: string): number | undefined {
    const family = toFamily(model);
    return read(family) ?? read(withoutDate(family));
  }

  return {
    of,
    demandOf({ model, qualityFloor }) {
      // Whoever lets us choose, and says how good it must be, means cached answers too.
      if (model === undefined || model === "auto") return { modelClass: "auto", strength: qualityFloor ?? 0 };
      const strength = of(model);
      if (strength === undefined) return { modelClass: model, strength: 0, writer: 0 };
      return { modelClass: judgedClass, strength, writer: strength };
    },
  };
}

/** Providers answer by the name of the release, such as `gpt-5-2026-08-07`, where another name was asked for. */
function withoutDate(family: string): string {
  return family.replace(/-(?:\d{4}-\d{2}-\d{2}|\d{8})$/, "");
}
