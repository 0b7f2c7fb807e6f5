import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync, utimesSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@sophia/core/limits/clock";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createDocumentExports, type DocumentExports } from "./document-exports.ts";
import type { ExportedRow } from "./format-row.ts";

const signal = new AbortController().signal;
const request = { filter: {}, format: "jsonl", caller: "ann" } as const;
const quiet = { signal, onProgress: () => {} };
let dataDir: string;
let server: Server;
let exports: DocumentExports;
let address: string;

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "sophia-exports-"));
  exports = createDocumentExports({ documents: { pages }, dataDir, clock: systemClock });
  server = createServer((incoming, response) => {
    const exchange = { request: incoming, response, body: Buffer.alloc(0), requestId: "r", signal };
    const caller = { id: "ann", name: "ann", scopes: ["read" as const] };
    exports.route.handle({ ...exchange, caller }).catch(() => response.writeHead(404).end());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/exports?file=`;
});
afterEach(() => {
  server.close();
  rmSync(dataDir, { recursive: true });
});

async function* pages(): AsyncGenerator<ExportedRow[], void> {
  yield [{ documentId: "d1", title: "One" } as ExportedRow, { documentId: "d2" } as ExportedRow];
  yield [{ documentId: "d3" } as ExportedRow];
}

test("a file holds every document and is what its sum says", async () => {
  const steps: number[] = [];
  const { fileName, ...facts } = await exports.write(request, { signal, onProgress: (count) => steps.push(count) });
  const response = await fetch(address + fileName);
  const text = await response.text();
  expect(
    text
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as ExportedRow).documentId),
  ).toEqual(["d1", "d2", "d3"]);
  expect(createHash("sha256").update(text).digest("hex")).toBe(facts.sha256);
  expect(facts).toMatchObject({ documents: 3, bytes: text.length, isCut: false });
  expect(steps).toEqual([2, 3]);
  expect(response.headers.get("content-disposition")).toContain("attachment");
});

test("no other file is given, and what is a day old neither", async () => {
  const { fileName } = await exports.write(request, quiet);
  for (const name of ["", "../sophia.db", "..%2Fplan-key", `${fileName}x`, "documents-0.csv"]) {
    expect((await fetch(address + name)).status, name).toBe(404);
  }
  const file = join(dataDir, "exports", fileName);
  const old = Date.now() / 1_000 - 90_000;
  utimesSync(file, old, old);
  expect((await fetch(address + fileName)).status).toBe(404);
  await exports.write(request, quiet);
  expect(readdirSync(join(dataDir, "exports"))).not.toContain(fileName);
});

test("one that is broken off leaves nothing behind", async () => {
  await expect(exports.write(request, { ...quiet, signal: AbortSignal.abort() })).rejects.toThrow();
  expect(readdirSync(join(dataDir, "exports"))).toEqual([]);
});
