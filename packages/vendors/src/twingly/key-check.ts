// https://developer.twingly.com/resources/search/
import type { KeyCheck } from "../probe-key.ts";

export const twinglyKeyCheck: KeyCheck = {
  service: "twingly",
  title: "Twingly",
  baseUrl: "https://api.twingly.com/blog/search/api/v3",
  // It has no call that is not a search: the smallest one.
  path: "/search",
  query: { q: "sophia page-size:1" },
  auth: (secret) => ({ in: "query", name: "apikey", secret }),
  as: "text",
  isAnswer: (body) => typeof body === "string" && body.includes("<twinglydata "),
  // Five digits, the first three of them a status.
  refusesKey: (body) => (typeof body === "string" && /<error code="40[12]\d\d"/.test(body)) || undefined,
};
