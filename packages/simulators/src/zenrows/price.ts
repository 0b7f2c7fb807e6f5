import type { Protection } from "./simulator-state.ts";

const powers = [
  { js: false, proxy: false, credits: 1, opens: ["none"] },
  { js: true, proxy: false, credits: 5, opens: ["none", "js_render"] },
  { js: false, proxy: true, credits: 10, opens: ["none", "premium_proxy"] },
  { js: true, proxy: true, credits: 25, opens: ["none", "js_render", "premium_proxy", "both"] },
] as const;

/** What it costs in credits, or that the page does not open to it. https://docs.zenrows.com/first-steps/pricing */
export function openPage(query: URLSearchParams, protection: Protection): { credits: number } | undefined {
  const isOn = (name: string): boolean => query.get(name) === "true";
  const tried =
    query.get("mode") === "auto"
      ? powers
      : powers.filter(({ js, proxy }) => js === isOn("js_render") && proxy === isOn("premium_proxy"));
  const power = tried.find(({ opens }) => (opens as readonly string[]).includes(protection));
  return power && { credits: power.credits };
}

/** Made up; the true one depends on the plan. */
export const creditUsd = 0.00028;
