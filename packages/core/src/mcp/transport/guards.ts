import type { IncomingMessage } from "node:http";
import { validateHostHeader, validateOriginHeader } from "@modelcontextprotocol/server";

const loopbackNames = ["localhost", "127.0.0.1", "[::1]"];
const maxRemembered = 1_000;

/**
 * Says whether Host and Origin may reach us (DNS rebinding, CVE-2025-66414). Applied to every route before anything
 * else. Verdicts are remembered, since parsing a URL on each request is the dearest part of the guard.
 */
export function createEdgeGuard(allowedHosts: readonly string[]): (request: IncomingMessage) => string | undefined {
  const names = [...loopbackNames, ...allowedHosts];
  const remembered = new Map<string, string | undefined>();
  return function check(request) {
    const host = request.headers.host;
    const origin = request.headers.origin;
    const key = origin === undefined ? (host ?? "") : `${host}\n${origin}`;
    if (remembered.has(key)) return remembered.get(key);
    const byHost = validateHostHeader(host, names);
    const byOrigin = validateOriginHeader(origin, names);
    const fault = !byHost.ok
      ? "This Host is not allowed. Name it in SOPHIA_ALLOWED_HOSTS."
      : !byOrigin.ok
        ? "This Origin is not allowed."
        : undefined;
    if (remembered.size >= maxRemembered) remembered.clear();
    remembered.set(key, fault);
    return fault;
  };
}
