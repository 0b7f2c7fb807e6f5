import { Writable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import type { Era } from "../../testing/raw-http.ts";
import { createSampleServices, sampleServer } from "../../testing/sample-server.ts";
import { openStdioClient, stdioWays, type StdioWay } from "../../testing/stdio-client.ts";
import { startTestServer } from "../../testing/test-server.ts";

const services = createSampleServices();
let server: Awaited<ReturnType<typeof startTestServer>>;
beforeAll(async () => {
  server = await startTestServer({ definition: sampleServer, services });
});
afterAll(() => server.close());
afterEach(() => {
  services.started = 0;
  services.aborted = [];
});

const waitFor = { timeout: 5_000, interval: 10 };
const eras: Era[] = ["modern", "legacy"];
const both = stdioWays.flatMap((way) => eras.map((era): [StdioWay, Era] => [way, era]));

/** A reader that takes nothing. */
function stuck(): Writable {
  return new Writable({ highWaterMark: 16_384, write() {} });
}

describe.each(stdioWays)("lines that are no messages, %s", (way) => {
  test("are answered without an id, and the connection lives on", async () => {
    const client = await openStdioClient(way, server, { maxLineBytes: 1_000 });
    for (const line of ["{nonsense", '[{"jsonrpc":"2.0","id":1,"method":"ping"}]', "3", "x".repeat(1_001)])
      client.say(line);
    client.say("\r");
    client.input.write('{"jsonrpc":"2.0","id":5,"method":"tools/call",');
    client.input.write('"params":{"name":"echo_text","arguments":{"text":"a\u2028b\u2029c"}}}\r\n');
    await vi.waitFor(() => expect(client.answerTo(5)).toBeDefined(), waitFor);
    expect(client.received.filter(({ id }) => id === null).map(({ error }) => error.code)).toEqual([
      -32_700, -32_600, -32_600, -32_600,
    ]);
    expect(client.answerTo(5).result.structuredContent.text).toBe("a\u2028b\u2029c");
    await client.close();
  });
});

describe.each(both)("a call %s (%s)", (way, era) => {
  test("that is cancelled stops working and is not answered", async () => {
    const client = await openStdioClient(way, server);
    client.call(era, "wait_long", { ms: 15_000 }, 1);
    await vi.waitFor(() => expect(services.started).toBe(1), waitFor);
    client.cancel(1);
    await vi.waitFor(() => expect(services.aborted).toHaveLength(1), waitFor);
    client.call(era, "echo_text", { text: "on" }, 2);
    await vi.waitFor(() => expect(client.answerTo(2)).toBeDefined(), waitFor);
    expect(client.answerTo(1)).toBeUndefined();
    await client.close();
  });

  test("tells its progress before its answer", async () => {
    const client = await openStdioClient(way, server);
    client.call(era, "flood_progress", { notes: 5 }, 1, { progressToken: "p" });
    await vi.waitFor(() => expect(client.answerTo(1)).toBeDefined(), waitFor);
    const notes = client.received.slice(0, -1);
    expect(notes.length).toBeGreaterThan(0);
    expect(notes.at(-1)).toMatchObject({
      method: "notifications/progress",
      params: { progressToken: "p", progress: 5 },
    });
    await client.close();
  });

  test("that is under way when stdin ends is answered", async () => {
    const client = await openStdioClient(way, server);
    client.call(era, "wait_long", { ms: 400 }, 1);
    client.input.end();
    await client.ended;
    expect(client.answerTo(1).result.isError).toBeUndefined();
  });

  test("that takes longer than the grace after stdin's end is aborted", async () => {
    const client = await openStdioClient(way, server, { graceMs: 300 });
    client.call(era, "wait_long", { ms: 15_000 }, 1);
    await vi.waitFor(() => expect(services.started).toBe(1), waitFor);
    const from = performance.now();
    client.input.end();
    await client.ended;
    expect(performance.now() - from).toBeLessThan(4_000);
    await vi.waitFor(() => expect(services.aborted).toHaveLength(1), waitFor);
  });

  test("is aborted when nobody can read its answer, though stdin stays open", async () => {
    const output = stuck();
    const client = await openStdioClient(way, server, { output });
    client.call(era, "wait_long", { ms: 15_000 }, 1);
    await vi.waitFor(() => expect(services.started).toBe(1), waitFor);
    const from = performance.now();
    output.destroy(Object.assign(new Error("write EPIPE"), { code: "EPIPE" }));
    await client.ended;
    expect(performance.now() - from).toBeLessThan(3_000);
    await vi.waitFor(() => expect(services.aborted).toHaveLength(1), waitFor);
  });

  test("is aborted by a stop, though the client neither reads nor leaves", async () => {
    const client = await openStdioClient(way, server, { output: stuck() });
    client.call(era, "list_much", { rows: 1_000 }, 1);
    client.call(era, "wait_long", { ms: 15_000 }, 2);
    await vi.waitFor(() => expect(services.started).toBe(1), waitFor);
    client.stop.abort();
    await client.ended;
    await vi.waitFor(() => expect(services.aborted).toHaveLength(1), waitFor);
  });
});

describe.each(both)("a client that does not read, %s (%s)", (way, era) => {
  test("is not read from, and costs a bounded amount", { timeout: 30_000 }, async () => {
    const output = stuck();
    const client = await openStdioClient(way, server, { output });
    const text = "x".repeat(50_000);
    let said = 0;
    for (; said < 2_000 && client.call(era, "echo_text", { text }, said); said++) await delay(1);
    await delay(500);
    // 2,000 calls are 100 MB.
    expect(said).toBeLessThan(200);
    expect(output.writableLength).toBeLessThan(10_000_000);
    client.stop.abort();
    await client.ended;
  });

  test("holds up the calls that wait, so that answers do not pile up", { timeout: 30_000 }, async () => {
    const output = stuck();
    const client = await openStdioClient(way, server, { output });
    // Lines of 100 bytes whose answers are 100 MB together.
    for (let id = 0; id < 1_000; id++) client.call(era, "list_much", { rows: 1_000 }, id);
    await delay(2_000);
    expect(output.writableLength).toBeGreaterThan(0);
    expect(output.writableLength).toBeLessThan(15_000_000);
    client.stop.abort();
    await client.ended;
  });

  test("misses progress, and gets no heap of it", { timeout: 30_000 }, async () => {
    const output = stuck();
    const client = await openStdioClient(way, server, { output });
    client.call(era, "flood_progress", { notes: 50_000 }, 1, { progressToken: "p" });
    await delay(1_500);
    expect(output.writableLength).toBeGreaterThan(0);
    expect(output.writableLength).toBeLessThan(1_000_000);
    client.stop.abort();
    await client.ended;
  });
});

describe.each(stdioWays)("more requests than can wait, %s", (way) => {
  test("hear that the server is busy; a running one can still be cancelled", { timeout: 30_000 }, async () => {
    const client = await openStdioClient(way, server, { graceMs: 100 });
    for (let id = 0; id < 9_000; id++) client.call("legacy", "wait_long", { ms: 15_000 }, id);
    await vi.waitFor(() => expect(client.received.length).toBeGreaterThan(0), waitFor);
    expect(client.received.at(-1).error).toMatchObject({ code: -31_003 });
    await vi.waitFor(() => expect(services.started).toBe(64), waitFor);
    client.cancel(3);
    await vi.waitFor(() => expect(services.aborted).toHaveLength(1), waitFor);
    client.stop.abort();
    await client.ended;
  });

  test("are not run when they were cancelled before their turn", async () => {
    const client = await openStdioClient(way, server);
    for (let id = 0; id < 64; id++) client.call("legacy", "wait_long", { ms: 300 }, id);
    client.call("legacy", "echo_text", { text: "cancelled" }, 64);
    client.call("legacy", "echo_text", { text: "kept" }, 65);
    client.cancel(64);
    await vi.waitFor(() => expect(client.answerTo(65)).toBeDefined(), waitFor);
    await client.close();
    expect(client.answerTo(64)).toBeUndefined();
    expect(client.received).toHaveLength(65);
  });
});
