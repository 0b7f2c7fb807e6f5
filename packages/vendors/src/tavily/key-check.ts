// https://docs.tavily.com/documentation/api-reference/endpoint/usage
import type { KeyCheck } from "../probe-key.ts";

export const tavilyBaseUrl = "https://api.tavily.com";

export const tavilyKeyCheck: KeyCheck = {
  service: "tavily",
  title: "Tavily",
  baseUrl: tavilyBaseUrl,
  path: "/usage",
  auth: (secret) => ({ in: "bearer", secret }),
};
