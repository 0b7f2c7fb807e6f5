import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { type Recorder, startRecorder } from "./recorder.ts";

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function startUpstream(): Promise<{ recorder: Recorder; abandoned: () => number }> {
  let abandoned = 0;
  const server = createServer((request, response) => {
    response.once("close", () => {
      if (!response.writableFinished) abandoned += 1;
    });
    if (request.url === "/api/stall") return void response.write("first");
    if (request.url === "/api/die") return void request.socket.destroy();
    response.writeHead(201, { "content-type": "text/event-stream", "x-one": ["a", "b"] });
    response.write("data: 1\n\n");
    request.resume().once("end", () => response.end("data: 2\n\n"));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const recorder = await startRecorder(`http://127.0.0.1:${(server.address() as AddressInfo).port}/api`);
  closing.push(recorder.close, async () => {
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });
  return { recorder, abandoned: () => abandoned };
}

test("passes an exchange through and keeps it", async () => {
  const { recorder } = await startUpstream();
  const reply = await fetch(`${recorder.url}/items?x=1`, { method: "POST", body: "hello", headers: { "X-Two": "2" } });
  expect(await reply.text()).toBe("data: 1\n\ndata: 2\n\n");
  expect(recorder.exchanges()).toMatchObject([
    {
      method: "POST",
      path: "/api/items?x=1",
      requestHeaders: { "x-two": "2" },
      requestBody: "hello",
      status: 201,
      headers: { "content-type": "text/event-stream", "x-one": "a, b" },
      body: "data: 1\n\ndata: 2\n\n",
    },
  ]);
});

test("lets the target know when the caller leaves, and the caller when the target dies", async () => {
  const { recorder, abandoned } = await startUpstream();
  const leaving = new AbortController();
  const reply = await fetch(`${recorder.url}/stall`, { signal: leaving.signal });
  leaving.abort();
  await expect(reply.text()).rejects.toThrow();
  await expect.poll(abandoned).toBe(1);
  await expect(fetch(`${recorder.url}/die`)).rejects.toThrow();
  expect(recorder.exchanges()).toEqual([]);
});
