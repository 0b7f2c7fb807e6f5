/** Nobody bills what is simulated: counted it is all the same. */
export function billed<Cost extends { costUsd: number }>(mode: "live" | "local" | "simulated", cost: Cost): Cost {
  return mode === "simulated" ? { ...cost, costUsd: 0 } : cost;
}
