/** How much the vendor does to get at a page. `auto`: it climbs by itself. */
export type ZenRowsPower = "basic" | "js_render" | "premium_proxy" | "both" | "auto";

/** What a page costs that comes back; `auto` at most. https://docs.zenrows.com/first-steps/pricing */
export const powerCredits: Readonly<Record<ZenRowsPower, number>> = {
  basic: 1,
  js_render: 5,
  premium_proxy: 10,
  both: 25,
  auto: 25,
};

/** Assumed, at the dear end: the price depends on the plan and is not confirmed. Each answer tells its own in USD, which counts. */
export const zenrowsCreditUsd = 0.000276;

export interface ZenRowsCost {
  credits: number;
  costUsd: number;
  /** `actual`: the vendor's own figure. */
  kind: "estimate" | "actual";
}

/** The most that a page can cost, before it is fetched. */
export function estimateZenRowsCost(power: ZenRowsPower, pages = 1): ZenRowsCost {
  return costOfCredits(powerCredits[power] * pages);
}

/** From the headers of an answer: `x-request-cost` is in USD, whatever third parties write. */
export function readCost(headers: Readonly<Record<string, string>>, power: ZenRowsPower): ZenRowsCost {
  const credits = readNumber(headers["x-request-credits"]);
  const costUsd = readNumber(headers["x-request-cost"]);
  if (credits === undefined && costUsd === undefined) return estimateZenRowsCost(power);
  return {
    credits: credits ?? powerCredits[power],
    costUsd: costUsd ?? costOfCredits(credits ?? 0).costUsd,
    kind: "actual",
  };
}

function costOfCredits(credits: number): ZenRowsCost {
  return { credits, costUsd: Math.round(credits * zenrowsCreditUsd * 1e9) / 1e9, kind: "estimate" };
}

function readNumber(text: string | undefined): number | undefined {
  const value = text === undefined || text.trim() === "" ? Number.NaN : Number(text);
  return Number.isFinite(value) && value >= 0 ? value : undefined;
}
