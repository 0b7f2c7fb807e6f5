import { quantileOf } from "./quantile-of.ts";

export interface Anomaly {
  index: number;
  value: number;
  /** What the days before let expect. */
  expected: number;
  /** How many of the usual deviations it is away; negative: too low. */
  score: number;
}

export interface AnomalyOptions {
  /** Length of a season in steps: 7 for days with a week. */
  period: number;
  /** Default 3.5, the limit of Iglewicz & Hoaglin (1993) for their modified z-score. */
  threshold?: number;
  /** Differences below this are never an anomaly, however quiet the series. Default 0. */
  minimumChange?: number;
}

/** Seasons looked back on. */
const seasons = 6;
/** From the median absolute deviation to the standard deviation of a normal distribution. */
const madToDeviation = 1.4826;
/** Spending that never moved says little about how far it may move: at least this share of the level. */
const leastDeviation = 0.1;

/**
 * Steps that differ from what those before them let expect: the median of the same place in earlier seasons, moved to
 * the present level, with the median absolute deviation of such guesses as yardstick. Medians, so that one anomaly
 * neither hides the next nor makes the day after look strange. Needs two seasons before the first verdict.
 */
export function findAnomalies(values: readonly number[], options: AnomalyOptions): Anomaly[] {
  const { period, threshold = 3.5, minimumChange = 0 } = options;
  const guesses = values.map((_value, index) => (index < 2 * period ? undefined : guess(values, index, period)));
  const found: Anomaly[] = [];
  for (const [index, value] of values.entries()) {
    const expected = guesses[index];
    if (expected === undefined) continue;
    const score = (value - expected) / deviationBefore({ values, guesses, period }, index);
    if (Math.abs(score) >= threshold && Math.abs(value - expected) >= minimumChange) {
      found.push({ index, value, expected, score });
    }
  }
  return found;
}

function guess(values: readonly number[], index: number, period: number): number {
  const usual = (place: number): number => {
    const same: number[] = [];
    for (let at = place - period; at >= Math.max(0, place - seasons * period); at -= period) same.push(values[at] ?? 0);
    return median(same);
  };
  // A level that rose or fell within the window would make every new day strange.
  const levels: number[] = [];
  for (let at = index - period; at < index; at += 1) {
    const before = usual(at);
    if (before > 0) levels.push((values[at] ?? 0) / before);
  }
  return usual(index) * (levels.length > 0 ? median(levels) : 1);
}

function deviationBefore(
  { values, guesses, period }: { values: readonly number[]; guesses: readonly (number | undefined)[]; period: number },
  index: number,
): number {
  const from = Math.max(0, index - seasons * period);
  const errors: number[] = [];
  for (let at = from; at < index; at += 1) {
    const expected = guesses[at];
    if (expected !== undefined) errors.push(Math.abs((values[at] ?? 0) - expected));
  }
  const past = values.slice(from, index);
  const level = Math.abs(median(past));
  const floor = Math.max(leastDeviation * level, Number.EPSILON);
  // Too few guesses yet: the spread of the values themselves, which a season makes wide and never narrow.
  if (errors.length < period) {
    return Math.max(floor, madToDeviation * median(past.map((value) => Math.abs(value - median(past)))));
  }
  return Math.max(floor, madToDeviation * median(errors));
}

function median(values: readonly number[]): number {
  return values.length === 0 ? 0 : quantileOf(values, 0.5);
}
