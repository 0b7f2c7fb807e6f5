import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { median } from "../../testing/median.ts";
import { httpText, post, rawSocket, rpc, type Era } from "../../testing/raw-http.ts";
import { createSampleServices, type SampleServices, sampleServer } from "../../testing/sample-server.ts";
import { startTestServer } from "../../testing/test-server.ts";
import { defineServer } from "../define-server.ts";
import { defineTool, Source, type ToolContext } from "../define-tool.ts";

const services = createSampleServices();
let server: Awaited<ReturnType<typeof startTestServer>>;
let bearer: string;

async function waitForEver(signal?: AbortSignal): Promise<never> {
  services.started++;
  signal?.addEventListener("abort", () => services.aborted.push({ tool: "ask_slowly", afterMs: 0 }), { once: true });
  await delay(19_000, undefined, { signal });
  throw new Error("Nobody cancelled.");
}

/** Interactive tools, prompts, resources and batches go through the SDK, everything else does not. */
const definition = defineServer<SampleServices>({
  ...sampleServer,
  direct: [
    ...sampleServer.direct,
    defineTool({
      name: "ask_slowly",
      title: "Ask",
      description: "May ask its client, but waits.",
      effect: "read",
      interactive: true,
      input: z.strictObject({}),
      output: z.object({ source: Source }),
      run: async (_input, { signal }: ToolContext<SampleServices>) => await waitForEver(signal),
    }),
  ],
  resources: [
    {
      uri: "test://slow",
      name: "slow",
      title: "Slow",
      description: "A resource that takes for ever.",
      mimeType: "text/plain",
      read: async () => await waitForEver(),
    },
  ],
});

beforeAll(async () => {
  server = await startTestServer({ definition, services } as never);
  bearer = await server.bearer();
});
afterAll(() => server.close());

const eras: Era[] = ["modern", "legacy"];
const call = (era: Era, name: string, values: unknown, id: unknown = 1) =>
  rpc(era, "tools/call", { name, arguments: values }, id);

/** What the audit calls cancelled, by tool or method. */
function countCancelled(name: string): number {
  const folder = join(server.dataDir, "audit");
  const files = readdirSync(folder).filter((file) => file.endsWith(".jsonl"));
  const lines = files.flatMap((file) => readFileSync(join(folder, file), "utf8").split("\n"));
  return lines.filter((line) => line.includes(`"tool":"${name}"`) && line.includes('"outcome":"cancelled"')).length;
}

async function whenStarted<Answer>(send: () => Answer): Promise<Answer> {
  const from = services.started;
  const answer = send();
  while (services.started === from) await delay(5);
  return answer;
}

describe.each(eras)("fault 76: the client goes away (%s)", (era) => {
  test.each([
    ["directly", "wait_long", { ms: 19_000 }],
    ["through the SDK", "ask_slowly", {}],
  ])("the signal of a tool called %s fires within 100 ms, the audit says cancelled", async (_way, name, values) => {
    const tookMs: number[] = [];
    for (let round = 0; round < 5; round++) {
      services.aborted.length = 0;
      const cancelledBefore = countCancelled(name);
      const message = httpText(call(era, name, values), bearer);
      const { socket } = await whenStarted(() => rawSocket(server.port, message));
      const left = performance.now();
      socket.destroy();
      while (services.aborted.length === 0) await delay(1);
      tookMs.push(performance.now() - left);
      await vi.waitFor(() => expect(countCancelled(name)).toBe(cancelledBefore + 1));
    }
    // The median of five: this machine has other work.
    expect(median(tookMs)).toBeLessThan(100);
  });
});

describe("fault 77: notifications/cancelled in the legacy era", () => {
  const cancel = (id: unknown, token = bearer) =>
    post(server.url, token, {
      headers: call("legacy", "x", {}).headers,
      body: JSON.stringify({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: id } }),
    });
  const batch = {
    headers: call("legacy", "x", {}).headers,
    body: `[${call("legacy", "wait_long", { ms: 19_000 }, "mine").body},${call("legacy", "echo_text", { text: "x" }, "b").body}]`,
  };

  test.each([
    ["a call", "wait_long", call("legacy", "wait_long", { ms: 19_000 }, "mine")],
    ["a call of a batch", "wait_long", batch],
    ["an interactive call", "ask_slowly", call("legacy", "ask_slowly", {}, "mine")],
    ["a resource", "resources/read", rpc("legacy", "resources/read", { uri: "test://slow" }, "mine")],
  ])("stops %s, and nobody else's", async (_what, name, message) => {
    const cancelledBefore = countCancelled(name);
    // In an object: awaiting the answer itself would wait for its end.
    const { answer } = await whenStarted(() => ({ answer: post(server.url, bearer, message) }));
    const stranger = await server.bearer();
    expect((await cancel("mine", stranger)).status).toBe(202);
    expect((await cancel("unknown")).status).toBe(202);
    await delay(100);
    expect(countCancelled(name)).toBe(cancelledBefore);
    const from = performance.now();
    expect((await cancel("mine")).status).toBe(202);
    expect((await answer).text).toContain("The call was cancelled.");
    expect(performance.now() - from).toBeLessThan(1_000);
    expect(countCancelled(name)).toBe(cancelledBefore + 1);
    expect((await cancel("mine")).status).toBe(202);
  });

  test("leaves the other calls of a batch alone", async () => {
    const { answer } = await whenStarted(() => ({ answer: post(server.url, bearer, batch) }));
    await cancel("mine");
    expect(JSON.parse((await answer).text)).toEqual([
      expect.objectContaining({ id: "mine", result: expect.objectContaining({ isError: true }) }),
      expect.objectContaining({ id: "b", result: expect.objectContaining({ structuredContent: expect.anything() }) }),
    ]);
  });
});
