import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { CallStream } from "./event-stream.ts";

const mebibyte = 1024 * 1024;
const answer = `{"text":"${"a".repeat(200_000)}"}`;

/** One call's stream to a reader that has sent its request and reads nothing until it is resumed. */
async function openStream(unreadTimeoutMs: number) {
  const { promise: opened, resolve } = Promise.withResolvers<ServerResponse>();
  const server = createServer((_request, response) => resolve(response));
  await once(server.listen(0, "127.0.0.1"), "listening");
  const reader = connect((server.address() as AddressInfo).port, "127.0.0.1").on("error", () => {});
  reader.pause();
  reader.write("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  onTestFinished(() => {
    reader.destroy();
    server.closeAllConnections();
    server.close();
  });
  const response = await opened;
  return { response, reader, stream: new CallStream(response, "p", unreadTimeoutMs) };
}

async function flood({ response, stream }: Awaited<ReturnType<typeof openStream>>, notes: number): Promise<number> {
  let mostWaiting = 0;
  for (let done = 1; done <= notes; done++) {
    stream.progress({ done, total: notes, message: "x".repeat(500) });
    mostWaiting = Math.max(mostWaiting, response.writableLength);
    if (done % 100 === 0) await nextTurn();
  }
  return mostWaiting;
}

describe("fault 56: the stream of one call", () => {
  test("never keeps more than 1 MiB for a reader that does not read, and closes", async () => {
    const open = await openStream(200);
    expect(await flood(open, 50_000)).toBeLessThan(mebibyte);
    const ended = open.stream.end(answer);
    expect(open.response.writableLength).toBeLessThan(mebibyte);
    await ended;
    expect(open.response.destroyed).toBe(true);
    expect(open.response.writableFinished).toBe(false);
  });

  test("a reader that pauses and goes on gets the newest note and the whole answer", async () => {
    const open = await openStream(10_000);
    await flood(open, 50_000);
    const ended = open.stream.end(answer);
    let text = "";
    open.reader.on("data", (chunk: Buffer) => (text += chunk.toString()));
    open.reader.resume();
    await ended;
    await once(open.reader, "close");
    const notes = [...text.matchAll(/"progress":(\d+)/g)].map(([, done]) => Number(done));
    expect(notes.at(-1)).toBe(50_000);
    expect(notes.length).toBeLessThan(50_000);
    expect(notes).toEqual(notes.toSorted((one, other) => one - other));
    expect(text).toContain(answer);
  });

  test("a reader that is gone is written to no more", async () => {
    const open = await openStream(10_000);
    const closed = once(open.response, "close");
    open.reader.destroy();
    await closed;
    open.stream.progress({ done: 1 });
    await open.stream.end(answer);
    expect(open.response.writableLength).toBe(0);
  });
});
