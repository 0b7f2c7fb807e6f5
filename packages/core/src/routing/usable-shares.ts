import { FadingMean } from "./fading-mean.ts";

/** How often a family's answers could be used at all: not refused, not broken, not cut. Every call tells, judged or not. */
export interface UsableShares {
  note(family: string, isUsable: boolean, now: number): void;
  /** 0 to 1, shrunk towards 1 while few calls are known. */
  of(family: string, now: number): number;
}

const halfLifeMs = 7 * 86_400_000;
/** One refusal among a few calls says little. */
const priorCalls = 50;
const priorShare = 0.99;
const maxFamilies = 2_000;

export function createUsableShares(): UsableShares {
  const shares = new Map<string, FadingMean>();
  return {
    note(family, isUsable, now) {
      const share = shares.get(family) ?? new FadingMean(halfLifeMs);
      shares.delete(family);
      shares.set(family, share);
      share.add(isUsable ? 1 : 0, 1, now);
      const [oldest] = shares.keys();
      if (shares.size > maxFamilies && oldest !== undefined) shares.delete(oldest);
    },
    of: (family, now) => shares.get(family)?.mean(priorShare, priorCalls, now) ?? priorShare,
  };
}
