import { Secret } from "@sophia/core/config/secret";
import { startFakeUpstream } from "@sophia/core/testing/fake-upstream";
import { pino } from "pino";
import { expect, test } from "vitest";
import { openrouterKeyCheck } from "./openrouter/key-check.ts";
import { createKeyProbe } from "./probe-key.ts";

test("a service that hangs costs ten seconds at most, and says nothing about the key", async () => {
  const upstream = await startFakeUpstream();
  upstream.on("GET /key", () => {});
  const probe = createKeyProbe({ ...openrouterKeyCheck, baseUrl: upstream.url });
  const startedAt = performance.now();
  const context = { settings: {}, log: pino({ level: "silent" }), signal: AbortSignal.timeout(20_000) };
  await expect(probe("OPENROUTER_API_KEY", new Secret("canary-key"), context)).rejects.toMatchObject({
    kind: "timeout",
    retryable: true,
  });
  expect(performance.now() - startedAt).toBeLessThan(11_000);
  await upstream.stop();
});
