// https://docs.github.com/rest/rate-limit/rate-limit#get-rate-limit-status-for-the-authenticated-user
import type { KeyCheck } from "../probe-key.ts";

export const githubKeyCheck: KeyCheck = {
  service: "github",
  title: "GitHub",
  baseUrl: (settings) => settings["GITHUB_API_URL"] ?? "https://api.github.com",
  path: "/rate_limit",
  auth: (secret) => ({ in: "bearer", secret }),
  // An Enterprise Server without limits, which is how one comes, says so once it has accepted the token.
  answers: [404],
  isAnswer: (body) =>
    typeof (body as { resources?: unknown } | null)?.resources === "object" ||
    /rate limiting is not enabled/i.test(messageOf(body)),
  refusesKey: (body, status) => (status === 403 && /rate limit/i.test(messageOf(body)) ? false : undefined),
};

function messageOf(body: unknown): string {
  const { message } = (body ?? {}) as { message?: unknown };
  return typeof message === "string" ? message : "";
}
