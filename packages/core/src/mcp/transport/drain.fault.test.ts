import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { expect, onTestFinished, test, vi } from "vitest";
import { post, rpc, type Era } from "../../testing/raw-http.ts";
import { createSampleServices, sampleServer } from "../../testing/sample-server.ts";
import { startTestServer } from "../../testing/test-server.ts";

async function start(sessions?: { maxSessions: number; idleMs: number }) {
  const services = createSampleServices();
  const server = await startTestServer({ definition: sampleServer, services, sessions } as never);
  onTestFinished(() => server.close());
  return { server, services, bearer: await server.bearer() };
}

type Started = Awaited<ReturnType<typeof start>>;

/** A client that subscribes and waits for news, as every Cursor window does all day. */
async function subscribe({ server, bearer }: Started) {
  const message = rpc("modern", "subscriptions/listen", { notifications: { toolsListChanged: true } });
  const headers = { ...message.headers, host: "127.0.0.1", authorization: `Bearer ${bearer}` };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const socket = connect(server.port, "127.0.0.1").on("error", () => {});
  socket.write(
    `POST /mcp HTTP/1.1\r\n${lines.join("\r\n")}\r\ncontent-length: ${Buffer.byteLength(message.body)}\r\n\r\n${message.body}`,
  );
  const subscriber = { text: "", socket };
  socket.on("data", (chunk: Buffer) => (subscriber.text += chunk.toString()));
  while (!subscriber.text.includes("data: ")) await delay(5);
  return subscriber;
}

test("fault 6: a drain waits for no idle subscription, and ends it as the protocol wants", async () => {
  const started = await start();
  const subscribers = await Promise.all(Array.from({ length: 5 }, () => subscribe(started)));
  const closed = subscribers.map(({ socket }) => once(socket, "close"));
  const from = performance.now();
  await started.server.http.drain(10_000);
  expect(performance.now() - from).toBeLessThan(2_000);
  await Promise.all(closed);
  for (const { text } of subscribers) expect(text.trimEnd()).toMatch(/0$/);
});

test.each<Era>(["modern", "legacy"])(
  "fault 6: a drain lets the call under way finish beside a subscription; new ones get 503 (%s)",
  async (era) => {
    const started = await start();
    const { server, services, bearer } = started;
    await subscribe(started);
    const call = rpc(era, "tools/call", { name: "wait_long", arguments: { ms: 700 } });
    const running = post(server.url, bearer, call);
    while (services.started === 0) await delay(5);
    const from = performance.now();
    const drained = server.http.drain(10_000);
    await delay(50);
    const late = await post(server.url, bearer, rpc(era, "tools/list"));
    expect(late.status).toBe(503);
    expect(Number(late.headers["retry-after"])).toBeGreaterThan(0);
    expect((await running).json().result.structuredContent.source.mode).toBe("local");
    await drained;
    expect(performance.now() - from).toBeGreaterThan(500);
    expect(performance.now() - from).toBeLessThan(3_000);
  },
);

test("a drain cuts a call that outlasts the grace", async () => {
  const { server, services, bearer } = await start();
  const call = rpc("modern", "tools/call", { name: "wait_long", arguments: { ms: 19_000 } });
  const running = post(server.url, bearer, call).catch((error: Error) => error);
  while (services.started === 0) await delay(5);
  const from = performance.now();
  await server.http.drain(300);
  expect(performance.now() - from).toBeLessThan(2_500);
  expect(await running).toBeInstanceOf(Error);
  await vi.waitFor(() => expect(services.aborted).toHaveLength(1));
});
