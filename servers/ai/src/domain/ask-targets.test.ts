import { AppError } from "@sophia/core/errors/app-error";
import { createEndpointHealth } from "@sophia/core/routing/create-endpoint-health";
import { createVirtualClock } from "@sophia/core/testing/virtual-clock";
import { expect, test } from "vitest";
import { type AskParts, type AskRequest, askTargets } from "./ask-targets.ts";
import { CallJournal } from "./call-journal.ts";
import type { ChatCall } from "./chat-call.ts";
import { openPolicy } from "./key-policy.ts";
import type { Target } from "./targets.ts";

const clock = createVirtualClock();
const spending = { reserve: (request: object) => ({ request, nanoUsd: 0, open: true }), release: () => {} };
const parts = { clock, health: createEndpointHealth({ clock }), spending } as unknown as AskParts;

function target(service: string): Target {
  const price = { costOf: () => 0, known: true, asOf: "2026-01-01" };
  const candidate = { id: service, endpointId: service, service, mode: "live", model: "m", family: "m", price };
  return { model: "m", price, candidate } as unknown as Target;
}

function request(services: readonly string[]): AskRequest {
  const call = { request: { messages: [] }, caller: { id: "c" }, requestId: "r" } as unknown as ChatCall;
  return {
    call,
    targets: services.map(target),
    policy: openPolicy,
    expected: { inputTokens: 1, outputTokens: 1, cachedInputTokens: 0 },
    journal: new CallJournal(call, { clock, sinks: [] }),
    signal: new AbortController().signal,
  };
}

test("all tries of a call share one deadline, and the error tells who was tried", async () => {
  const given: (number | undefined)[] = [];
  const asked = askTargets(parts, request(["a", "b", "c", "d"]), async ({ timeoutMs }) => {
    given.push(timeoutMs);
    await clock.advance(180_000);
    throw new AppError("timeout", "It did not answer.", { status: 504 });
  });
  await expect(asked).rejects.toMatchObject({ message: expect.stringMatching(/m at a.*m at b/) });
  expect(given).toEqual([undefined, 120_000]);
});

test("a try after a quick failure has nearly the whole time", async () => {
  const given: (number | undefined)[] = [];
  const { target: chosen } = await askTargets(
    parts,
    request(["e", "f"]),
    async ({ target: { candidate }, timeoutMs }) => {
      given.push(timeoutMs);
      await clock.advance(500);
      if (candidate.service === "e") throw new AppError("unavailable", "It is down.", { status: 503 });
      return "answer";
    },
  );
  expect(chosen.candidate.service).toBe("f");
  expect(given).toEqual([undefined, 299_500]);
});
