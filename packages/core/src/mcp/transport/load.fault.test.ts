import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { httpText, post, rawSocket, rpc, type Era } from "../../testing/raw-http.ts";
import { createSampleServices, sampleServer } from "../../testing/sample-server.ts";
import { startTestServer } from "../../testing/test-server.ts";

const services = createSampleServices();
let server: Awaited<ReturnType<typeof startTestServer>>;
let bearer: string;

beforeAll(async () => {
  server = await startTestServer({ definition: sampleServer, services } as never);
  bearer = await server.bearer();
});
afterAll(() => server.close());

const eras: Era[] = ["modern", "legacy"];
const call = (era: Era, name: string, values: unknown, id: unknown = 1, meta?: object) =>
  rpc(era, "tools/call", { name, arguments: values, ...(meta ? { _meta: meta } : {}) }, id);

async function answersSoon(): Promise<number> {
  const from = performance.now();
  expect((await post(server.url, bearer, call("modern", "echo_text", { text: "x" }))).status).toBe(200);
  return performance.now() - from;
}

// Beside each other: both are long waits.
describe.concurrent("what drips", () => {
  test("fault 53: dripping headers are cut within 6 s and disturb nobody", { timeout: 20_000 }, async () => {
    const drips = Array.from({ length: 100 }, () =>
      rawSocket(server.port, "POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: "),
    );
    const dripping = setInterval(() => drips.forEach(({ socket }) => socket.writable && socket.write("a")), 500);
    await delay(200);
    expect(await answersSoon()).toBeLessThan(2_000);
    const ends = await Promise.all(drips.map((drip) => drip.closed));
    clearInterval(dripping);
    // Node checks once a second, and this machine has other work.
    expect(Math.max(...ends.map((end) => end.afterMs))).toBeLessThan(9_000);
  });

  test("fault 54: a dripping body is cut within 16 s", { timeout: 30_000 }, async () => {
    const head = `POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${bearer}\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{`;
    const drips = Array.from({ length: 50 }, () => rawSocket(server.port, head));
    const dripping = setInterval(() => drips.forEach(({ socket }) => socket.writable && socket.write(" ")), 500);
    await delay(200);
    expect(await answersSoon()).toBeLessThan(2_000);
    const ends = await Promise.all(drips.map((drip) => drip.closed));
    clearInterval(dripping);
    expect(Math.max(...ends.map((end) => end.afterMs))).toBeLessThan(20_000);
    expect(ends[0]?.text).toContain("408");
  });
});

test("fault 55: 2,000 idle connections are taken to the cap and cost little", { timeout: 30_000 }, async () => {
  const before = process.memoryUsage().rss;
  const sockets: Socket[] = [];
  for (let batch = 0; batch < 20; batch++) {
    for (let index = 0; index < 100; index++) sockets.push(connect(server.port, "127.0.0.1").on("error", () => {}));
    await delay(20);
  }
  await delay(300);
  const open = sockets.filter((socket) => socket.readyState === "open").length;
  // Both ends live in this process: 60 KB a pair.
  expect((process.memoryUsage().rss - before) / 2_000).toBeLessThan(120_000);
  expect(open).toBeLessThanOrEqual(1_100);
  for (const socket of sockets) socket.destroy();
  await delay(200);
  expect(await answersSoon()).toBeLessThan(3_000);
});

describe.each(eras)("fault 56: a reader that does not read (%s)", (era) => {
  test("costs at most 1 MiB and its stream is closed", { timeout: 60_000 }, async () => {
    const message = call(era, "flood_progress", { notes: 200_000 }, 1, { progressToken: "p" });
    const socket = connect(server.port, "127.0.0.1");
    socket.on("error", () => {});
    socket.pause();
    globalThis.gc?.();
    const before = process.memoryUsage().rss;
    socket.write(httpText(message, bearer));
    let peak = 0;
    for (let sample = 0; sample < 30; sample++) {
      await delay(100);
      peak = Math.max(peak, process.memoryUsage().rss - before);
    }
    socket.destroy();
    // The SDK's own stream took 530 MB here. The rest of this is the garbage of 200,000 notes.
    expect(peak).toBeLessThan(120 * 1024 * 1024);
    expect(await answersSoon()).toBeLessThan(3_000);
  });

  test("a reader that reads gets progress in order and then the answer", async () => {
    const message = call(era, "flood_progress", { notes: 5_000 }, 7, { progressToken: 9 });
    const answer = await post(server.url, bearer, message);
    const frames = answer.text.split("\n").filter((line) => line.startsWith("data: "));
    const notes = frames.slice(0, -1).map((frame) => JSON.parse(frame.slice(6)).params);
    expect(notes.length).toBeGreaterThan(0);
    expect(notes.every((note) => note.progressToken === 9)).toBe(true);
    const done = notes.map((note) => note.progress);
    expect(done).toEqual([...done].sort((one, other) => one - other));
    expect(JSON.parse(frames.at(-1)?.slice(6) ?? "{}")).toMatchObject({
      id: 7,
      result: { structuredContent: { notes: 5_000 } },
    });
  });
});

test("fault 57: streams opened and abandoned leave nothing behind", { timeout: 60_000 }, async () => {
  services.aborted.length = 0;
  const from = services.started;
  for (let batch = 0; batch < 10; batch++) {
    const sockets = Array.from({ length: 50 }, (_, index) => {
      const message = call("modern", "wait_long", { ms: 19_000 }, index, { progressToken: index });
      const socket = connect(server.port, "127.0.0.1", () => socket.write(httpText(message, bearer)));
      return socket.on("error", () => {});
    });
    await delay(150);
    for (const socket of sockets) socket.destroy();
  }
  // A call that was left behind would wait 19 s.
  await vi.waitFor(() => expect(services.aborted.length).toBe(services.started - from), { timeout: 8_000 });
  expect(services.aborted.length).toBeGreaterThan(0);
});

describe("fault 58: requests that two parsers would read differently", () => {
  test.each([
    ["length and chunked", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"],
    ["two lengths", "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"],
    ["bare line feeds", "\nContent-Length: 5\n\nhello"],
    ["bad chunk", "Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n"],
  ])("%s", { timeout: 15_000 }, async (_name, rest) => {
    const head = `POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${bearer}\r\nContent-Type: application/json\r\n`;
    const { closed } = rawSocket(server.port, head + rest);
    expect((await closed).text).toMatch(/^HTTP\/1\.1 400 /);
  });
});

describe("fault 59: headers that are too much", () => {
  test.each([
    ["64 KB of headers", `GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: ${"a".repeat(65_536)}\r\n\r\n`],
    ["10,000 headers", `GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n${"X-A: b\r\n".repeat(10_000)}\r\n`],
    ["a URL of 1 MB", `GET /${"a".repeat(1_000_000)} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`],
  ])("%s", { timeout: 15_000 }, async (_name, text) => {
    const { closed } = rawSocket(server.port, text);
    expect((await closed).text).toMatch(/^HTTP\/1\.1 (431|414|400) /);
  });
});

test("fault 61: one greedy caller leaves the others their share", { timeout: 30_000 }, async () => {
  const limited = await startTestServer({
    definition: sampleServer,
    services: createSampleServices(),
    limits: { requestsPerSecond: 50, burst: 50 },
  } as never);
  const greedy = await limited.bearer();
  const others = await Promise.all(Array.from({ length: 3 }, () => limited.bearer()));
  let stop = false;
  let refused = 0;
  const hog = Array.from({ length: 10 }, async () => {
    while (!stop) {
      const answer = (await post(limited.url, greedy, call("modern", "echo_text", { text: "x" }))).json();
      if (answer.result?.isError || answer.error) refused++;
    }
  });
  let good = 0;
  for (let round = 0; round < 20; round++) {
    const answers = await Promise.all(
      others.map((token) => post(limited.url, token, call("modern", "echo_text", { text: "x" }))),
    );
    good += answers.filter((answer) => answer.json().result?.isError === undefined).length;
    await delay(30);
  }
  stop = true;
  await Promise.all(hog);
  await limited.close();
  expect(refused).toBeGreaterThan(0);
  expect(good).toBeGreaterThanOrEqual(48);
});

describe("fault 79: a body over the limit", () => {
  test.each([5, 64])("%i MB announced is 413 before a byte of it is sent", async (megabytes) => {
    const head = `POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${bearer}\r\nContent-Type: application/json\r\nContent-Length: ${megabytes * 1024 * 1024}\r\n\r\n`;
    const { text, afterMs } = await rawSocket(server.port, head).closed;
    expect(text).toMatch(/^HTTP\/1\.1 413 /);
    expect(afterMs).toBeLessThan(3_000);
  });

  test("an endless chunked body is cut at the limit", { timeout: 20_000 }, async () => {
    const head = `POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${bearer}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`;
    const { socket, closed } = rawSocket(server.port, head);
    const chunk = `10000\r\n${" ".repeat(65_536)}\r\n`;
    const feeding = setInterval(() => socket.writable && socket.writableLength < 1_000_000 && socket.write(chunk), 2);
    const end = await closed;
    clearInterval(feeding);
    expect(end.text === "" || end.text.includes("413")).toBe(true);
    // The limit and what the kernel holds on both sides.
    expect(socket.bytesWritten).toBeLessThan(16 * 1024 * 1024);
  });
});

test("a call ends at its deadline even when the tool ignores its signal", async () => {
  const from = performance.now();
  const answer = await post(server.url, bearer, call("modern", "ignore_signal", {}));
  expect(answer.json().result.content[0].text).toContain("timeout");
  expect(performance.now() - from).toBeLessThan(300 + 1_000);
});
