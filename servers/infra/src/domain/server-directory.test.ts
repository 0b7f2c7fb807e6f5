import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createServerDirectory } from "./server-directory.ts";

let server: Server;
let answer: (response: ServerResponse) => void;
let url: string;
const signal = new AbortController().signal;

beforeEach(async () => {
  server = createServer((_request, response) => answer(response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  server.closeAllConnections();
  if (server.listening) await new Promise((resolve) => server.close(resolve));
});

function ask() {
  return createServerDirectory({ ai: url, data: url, infra: url, bi: url }).health("bi", signal);
}

function report(status: number, body: unknown) {
  return (response: ServerResponse): void => {
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  };
}

const check = { name: "warehouse", required: true, ok: true, detail: "open", durationMs: 1 };
const well = { status: "ok", server: "bi", startedAt: "2026-11-22T10:00:00.000Z", checks: [check] };

describe("health", () => {
  it("reads a good report", async () => {
    answer = report(200, well);
    expect(await ask()).toMatchObject({ state: "healthy", detail: "All checks pass.", startedAt: well.startedAt });
  });

  it("reads a bad report, which comes with 503", async () => {
    answer = report(503, { ...well, status: "unavailable", checks: [{ ...check, ok: false }] });
    expect(await ask()).toMatchObject({ state: "unhealthy", detail: "Failing: warehouse." });
  });

  it("is healthy when only something optional fails, and says so", async () => {
    answer = report(200, { ...well, status: "degraded", checks: [{ ...check, ok: false, required: false }] });
    expect(await ask()).toMatchObject({ state: "healthy", detail: "Failing: warehouse (not required)." });
  });

  it.each([
    ["another program's page", (response: ServerResponse) => response.end("<html>")],
    ["another of our servers", report(200, { ...well, server: "ai" })],
    ["JSON of another shape", report(200, { ok: true })],
    ["a redirect", (response: ServerResponse) => response.writeHead(302, { location: "http://example.org/" }).end()],
    ["a report without end", (response: ServerResponse) => response.end(`{"server":"${"x".repeat(200_000)}`)],
  ])("does not take %s for the server", async (_name, given) => {
    answer = given;
    expect(await ask()).toMatchObject({
      state: "unhealthy",
      detail: expect.stringContaining("is not Sophia's bi server"),
    });
  });

  it("tells a hanging server from one that is not there", async () => {
    answer = () => {};
    expect(await ask()).toMatchObject({
      state: "unhealthy",
      detail: expect.stringContaining("gave no health report within 2 s"),
    });
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    expect(await ask()).toMatchObject({ state: "unreachable", detail: `Nobody answers at ${url}.` });
  });
});
