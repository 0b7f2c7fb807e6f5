import fc from "fast-check";
import { expect, test } from "vitest";
import { parseServerMessage } from "./messages.ts";
import { listeningInodes } from "@sophia/core/config/port-owner";

test("the messages of a server are understood, and nothing else of them is taken over", () => {
  const ready = { type: "ready", port: 8091, url: "http://127.0.0.1:8091", pid: 7 };
  expect(parseServerMessage({ ...ready, server: "ai" })).toEqual(ready);
  expect(parseServerMessage({ type: "heartbeat", extra: 1 })).toEqual({ type: "heartbeat" });
  expect(parseServerMessage({ type: "draining" })).toEqual({ type: "draining" });
  const request = { type: "restart-request", server: "ai", planId: "pl_1" };
  expect(parseServerMessage(request)).toEqual(request);
});

test("anything else is ignored", () => {
  fc.assert(
    fc.property(fc.anything(), (message) => {
      const parsed = parseServerMessage(message);
      if (parsed !== undefined) expect(message).toHaveProperty("type", parsed.type);
    }),
  );
  expect(parseServerMessage({ type: "ready", port: "8091", url: "", pid: 7 })).toBeUndefined();
  expect(parseServerMessage({ type: "restart-request", server: 7 })).toBeUndefined();
});

test("the kernel's table gives the sockets that listen on a port, of both families, and no connections", () => {
  const table = [
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
    "   0: 0100007F:1F9B 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0",
    "   1: 0100007F:1F9B 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0 20 4 0 10 -1",
    "   2: 00000000000000000000000001000000:1F9B 00000000000000000000000000000000:0000 0A 0:0 00:0 0 0 0 4713 1 0 100",
    "   3: 0100007F:1F9C 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4714 1 0 100 0 0 10 0",
  ].join("\n");
  expect(listeningInodes(table, 8_091)).toEqual(["4711", "4713"]);
  expect(listeningInodes("", 8_091)).toEqual([]);
});
