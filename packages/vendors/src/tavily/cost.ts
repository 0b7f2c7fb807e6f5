/** Pay as you go. https://docs.tavily.com/documentation/api-credits, 2026-11 */
export const tavilyCreditUsd = 0.008;

export type TavilyPlanned =
  | { operation: "search"; depth?: "basic" | "advanced" | "fast" | "ultra-fast"; chooses?: boolean }
  | { operation: "extract"; urls: number; depth?: "basic" | "advanced" }
  | { operation: "map"; pages: number; hasInstructions?: boolean }
  | { operation: "crawl"; pages: number; depth?: "basic" | "advanced"; hasInstructions?: boolean }
  | { operation: "research" };

export interface TavilyCost {
  credits: number;
  costUsd: number;
  /** `actual`: the vendor's own figure. */
  kind: "estimate" | "actual";
}

// What public users report is 4 to 250. No price of a single model is confirmed, so each may be the dearest.
const mostResearchCredits = 250;

/** The most that a call can cost, before it is made. */
export function estimateTavilyCost(planned: TavilyPlanned): TavilyCost {
  return toCost(mostCredits(planned), "estimate");
}

/**
 * After a call. The vendor bills extracted pages in groups of 5 and mapped ones of 10, over several calls: a call that
 * fills no group reads 0, and the one that does reads all of it. Over many calls the sum is right.
 */
export function costOf(
  usage: { credits?: number | null | undefined } | null | undefined,
  planned: TavilyPlanned,
): TavilyCost {
  const credits = usage?.credits;
  return credits === null || credits === undefined ? estimateTavilyCost(planned) : toCost(credits, "actual");
}

function toCost(credits: number, kind: TavilyCost["kind"]): TavilyCost {
  return { credits, costUsd: Math.round(credits * tavilyCreditUsd * 1e9) / 1e9, kind };
}

function mostCredits(planned: TavilyPlanned): number {
  switch (planned.operation) {
    case "search":
      return planned.depth === "advanced" || planned.chooses === true ? 2 : 1;
    case "extract":
      return Math.ceil(planned.urls / 5) * extractionPrice(planned.depth);
    case "map":
      return Math.ceil(planned.pages / 10) * mapPrice(planned.hasInstructions);
    case "crawl":
      return (
        Math.ceil(planned.pages / 10) * mapPrice(planned.hasInstructions) +
        Math.ceil(planned.pages / 5) * extractionPrice(planned.depth)
      );
    case "research":
      return mostResearchCredits;
  }
}

const extractionPrice = (depth: "basic" | "advanced" | undefined): number => (depth === "advanced" ? 2 : 1);
const mapPrice = (hasInstructions: boolean | undefined): number => (hasInstructions === true ? 2 : 1);
