import type { ModelEndpoint } from "@sophia/vendors/openai-shape/model-endpoint";

const knownHosts: readonly (readonly [suffix: string, service: string])[] = [
  ["openrouter.ai", "openrouter"],
  ["together.ai", "together"],
  ["together.xyz", "together"],
  ["huggingface.co", "huggingface"],
  ["portkey.ai", "portkey"],
  ["openai.com", "openai"],
];

/** The service behind a base URL; one of our own machines counts as `local`. */
export function describeBaseUrl(baseUrl: string): Pick<ModelEndpoint, "service" | "mode"> {
  const { hostname } = new URL(baseUrl);
  if (isThisMachine(hostname)) return { service: "local-models", mode: "local" };
  const known = knownHosts.find(([suffix]) => hostname === suffix || hostname.endsWith(`.${suffix}`));
  return { service: known?.[1] ?? "openai-compatible", mode: "live" };
}

function isThisMachine(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
}
