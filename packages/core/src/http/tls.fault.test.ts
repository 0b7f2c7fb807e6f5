import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { pino } from "pino";
import { z } from "zod";
import { directRequest } from "../testing/direct-ways.ts";
import { startFakeUpstream, type FakeUpstream } from "../testing/fake-upstream.ts";
import { reportMissing } from "../testing/find-binary.ts";
import { createHttp } from "./http.ts";

const log = pino({ level: "silent" });
const Item = z.object({ name: z.string() });
const folder = mkdtempSync(join(tmpdir(), "sophia-tls-"));
const caFile = join(folder, "ca.pem");
let hasOpenssl = false;

function openssl(...values: string[]): void {
  execFileSync("openssl", values, { cwd: folder, stdio: "pipe" });
}

/** A certificate signed by the test's own authority, or by itself. */
function issue(name: string, host: string, options: { days?: number; isSelfSigned?: boolean } = {}): void {
  const { days = 2, isSelfSigned = false } = options;
  const subject = ["-subj", `/CN=${name}`, "-addext", `subjectAltName=${host}`];
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", `${name}.key`];
  const signer = isSelfSigned ? [] : ["-CA", "ca.pem", "-CAkey", "ca.key"];
  openssl("req", "-x509", ...key, "-out", `${name}.pem`, ...subject, ...signer, "-days", String(days));
}

/** A validity in the past, which `req -x509` of older openssl cannot write. */
function issueExpired(name: string, host: string): void {
  openssl(
    "req",
    "-newkey",
    "rsa:2048",
    "-nodes",
    "-keyout",
    `${name}.key`,
    "-out",
    `${name}.csr`,
    "-subj",
    `/CN=${name}`,
    "-addext",
    `subjectAltName=${host}`,
  );
  openssl(
    "x509",
    "-req",
    "-in",
    `${name}.csr`,
    "-CA",
    "ca.pem",
    "-CAkey",
    "ca.key",
    "-copy_extensions",
    "copy",
    "-days",
    "-1",
    "-out",
    `${name}.pem`,
  );
}

beforeAll(() => {
  try {
    openssl("version");
    hasOpenssl = true;
  } catch {
    reportMissing("openssl", "no openssl program to make test certificates with");
    return;
  }
  openssl(
    "req",
    "-x509",
    "-newkey",
    "rsa:2048",
    "-nodes",
    "-keyout",
    "ca.key",
    "-out",
    "ca.pem",
    "-subj",
    "/CN=Test authority",
    "-days",
    "2",
  );
  issue("good", "IP:127.0.0.1");
  issue("other", "DNS:other.example");
  issue("self", "IP:127.0.0.1", { isSelfSigned: true });
  issueExpired("expired", "IP:127.0.0.1");
});
beforeEach((context) => {
  if (!hasOpenssl) context.skip();
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

async function withUpstream(name: string, work: (upstream: FakeUpstream) => Promise<void>): Promise<void> {
  const tls = {
    key: readFileSync(join(folder, `${name}.key`), "utf8"),
    cert: readFileSync(join(folder, `${name}.pem`), "utf8"),
  };
  const upstream = await startFakeUpstream({ tls });
  try {
    await work(upstream);
  } finally {
    await upstream.stop();
  }
}

describe("fault 37: TLS", () => {
  test.each([
    ["expired", "expired"],
    ["other", "another host"],
    ["self", "self-signed"],
  ])("fault 37: a certificate that is %s is refused, the cause is named, nothing was sent", async (name, cause) => {
    await withUpstream(name, async (upstream) => {
      const http = createHttp({ service: "Acme", baseUrl: upstream.url, caFile, log, attempts: 3 });
      const calls = [
        () => http.request({ method: "POST", path: "/x", body: { a: 1 }, schema: Item }),
        () => http.postDirect(directRequest()),
        () => http.relayDirect(directRequest()),
      ];
      for (const call of calls) {
        await expect(call()).rejects.toMatchObject({
          kind: "upstream",
          retryable: false,
          message: expect.stringContaining(cause) as string,
        });
      }
      expect(upstream.requests).toHaveLength(0);
      await http.close();
    });
  });

  test("fault 37: an authority nobody told us about is refused; the one we were told about is accepted", async () => {
    await withUpstream("good", async (upstream) => {
      const stranger = createHttp({ service: "Acme", baseUrl: upstream.url, log });
      const call = stranger.request({ path: "/x", schema: Item });
      await expect(call).rejects.toMatchObject({ kind: "upstream", retryable: false });
      await stranger.close();
      upstream.on("GET /x", { body: { name: "a" } });
      const friend = createHttp({ service: "Acme", baseUrl: upstream.url, caFile, log });
      expect((await friend.request({ path: "/x", schema: Item })).data).toEqual({ name: "a" });
      await friend.close();
    });
  });
});
