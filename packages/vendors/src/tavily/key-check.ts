// https://docs.tavily.com/documentation/api-reference/endpoint/usage
import type { KeyCheck } from "../probe-key.ts";

export const tavilyKeyCheck: KeyCheck = {
  service: "tavily",
  title: "Tavily",
  baseUrl: "https://api.tavily.com",
  path: "/usage",
  auth: (secret) => ({ in: "bearer", secret }),
};
