/** How much worse than the best model a cheaper one may be expected to be, so that the average keeps its share. */
export interface QualityBudget {
  /** The loss of expected score a single request may take now. */
  readonly tolerance: number;
  /** A request was routed: the best model's expected score, and how much of it the chosen one gives up. */
  spend(best: number, loss: number): void;
}

/** One request moves the tolerance by at most this part of its loss. */
const stepSize = 0.02;
/** Nobody is knowingly given an answer that much worse, however good the others were. */
const mostTolerance = 0.3;

/**
 * The cheapest way to keep an average is one tolerance for all requests (the Lagrangian of "least cost, mean loss at most
 * b"): easy requests, where the cheaper model is as good, pay for those where it is a little worse. The tolerance is
 * found by stochastic approximation (Robbins and Monro 1951): up by what a request left of its allowance, down by what
 * it overspent.
 */
export function createQualityBudget({ qualityShare }: { qualityShare: number }): QualityBudget {
  let tolerance = 1 - qualityShare;
  return {
    get tolerance() {
      return tolerance;
    },
    spend(best, loss) {
      const left = (1 - qualityShare) * best - loss;
      tolerance = Math.min(mostTolerance, Math.max(0, tolerance + stepSize * left));
    },
  };
}
