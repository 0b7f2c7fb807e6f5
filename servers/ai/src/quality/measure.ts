/** What is compared between two periods of a model. */
export const measureNames = [
  "error_rate",
  "latency",
  "latency_p95",
  "first_token",
  "refusal_rate",
  "answer_length",
  "finish_reasons",
  "judge_score",
  "feedback_score",
  "questions",
  "traffic_mix",
] as const;
export type MeasureName = (typeof measureNames)[number];

/** One comparison before it is judged beside all others. */
export interface Comparison {
  name: MeasureName;
  /** The figure people know, in both periods; its unit is the measure's. */
  reference: number;
  current: number;
  /** How many values stand behind it. */
  referenceCount: number;
  currentCount: number;
  /** Undefined where there are too few values to tell. */
  pValue: number | undefined;
  /** How large the change is, in the measure's own sense; compared with `minimumEffect`. */
  effect: number;
  minimumEffect: number;
  /** +1: more is worse. −1: less is worse. 0: a change is neither. */
  worse: 1 | -1 | 0;
  /** 95 % interval of the difference, where there is one. */
  interval?: { lower: number; upper: number };
  /** For telling since when: the measure's values over both periods, in time. */
  series?: readonly { at: number; value: number }[];
}
