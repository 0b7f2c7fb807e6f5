import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { createHttp } from "../http/http.ts";
import { createPublicFetch } from "../http/public-fetch.ts";
import { silentLog } from "../testing/store-engines.ts";
import { createHttpObserver } from "./http-observer.ts";
import { createMetrics } from "./metrics.ts";

let server: Server;
let port: number;
let statuses: number[];
beforeEach(async () => {
  statuses = [];
  server = createServer((_request, response) => response.writeHead(statuses.shift() ?? 500).end("{}"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  port = (server.address() as AddressInfo).port;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

test("calls, their time, retries and the breaker's state are in /metrics", async () => {
  const metrics = createMetrics({ server: "ai" });
  const http = createHttp({
    service: "acme",
    baseUrl: `http://127.0.0.1:${port}`,
    log: silentLog,
    random: () => 0,
    breaker: { minimumCalls: 4 },
    observer: createHttpObserver(metrics),
  });
  const call = (): Promise<unknown> => http.request({ path: "/x", schema: z.object({}), operation: "get" });
  statuses = [503, 200];
  await call();
  const place = 'service="acme",operation="get"';
  expect(await metrics.text()).toContain(`sophia_http_calls_total{${place},outcome="ok",server="ai"} 1`);
  for (let failed = 0; failed < 8; failed++) await call().catch(() => undefined);
  const text = await metrics.text();
  expect(text).toMatch(new RegExp(`sophia_http_calls_total\\{${place},outcome="upstream",server="ai"\\} [1-8]\\n`));
  expect(text).toContain(`sophia_http_call_duration_seconds_count{server="ai",${place}} 9`);
  expect(text).toMatch(new RegExp(`sophia_http_resends_total\\{${place},server="ai"\\} [1-9]`));
  expect(text).toContain(`sophia_http_breaker_state{${place},server="ai"} 2`);
  await http.close();
});

test("fetched pages are one service, however many hosts there are", async () => {
  const metrics = createMetrics({ server: "data" });
  const fetch = createPublicFetch({
    log: silentLog,
    allowPrivate: ["127.0.0.1"],
    resolve: async () => [{ address: "127.0.0.1", family: 4 }],
    observer: createHttpObserver(metrics),
  });
  const { signal } = new AbortController();
  for (const host of ["a", "b"]) await fetch(`http://${host}.example:${port}/`, { signal });
  await fetch("http://10.0.0.1/", { signal }).catch(() => undefined);
  const lines = (await metrics.text()).split("\n").filter((line) => line.startsWith("sophia_http_calls_total{"));
  expect(lines).toEqual([
    'sophia_http_calls_total{service="web",operation="page",outcome="ok",server="data"} 2',
    'sophia_http_calls_total{service="web",operation="page",outcome="denied",server="data"} 1',
  ]);
});
