import { createServer, request, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { text } from "node:stream/consumers";
import { createAddressPolicy } from "@sophia/core/http/address";
import type { Resolve } from "@sophia/core/http/guarded-dispatcher";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { privateForms } from "../testing/private-forms.ts";
import { createGuardedProxy, type GuardedProxy } from "./guarded-proxy.ts";

// The inner server stands on 127.0.0.1, a public site on 127.0.0.2 and the same port: only that address is allowed.
// Only Linux has the second one without set-up.
const hasBoth = process.platform === "linux";
if (!hasBoth) process.stderr.write("\n*** There is no 127.0.0.2 here, the tests of the proxy are SKIPPED ***\n\n");

const hits: string[] = [];
let inner: Server;
let site: Server;
let port: number;
let proxy: GuardedProxy;
let lookups: string[];
let answers: string[];
let overs: number;

const listen = (server: Server, at: number, host: string): Promise<void> =>
  new Promise((resolve) => server.listen(at, host, () => resolve()));

const resolveName: Resolve = async (host) => {
  lookups.push(host);
  return [{ address: host === "site.example" ? (answers.shift() ?? "127.0.0.1") : "127.0.0.1", family: 4 }];
};

/** As a browser asks for a page without TLS. */
function get(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: "127.0.0.1", port: proxy.port, path: url, headers: { host: new URL(url).host } });
    asked.on("error", reject).on("response", (response) => void text(response).then(resolve, reject));
    asked.end();
  });
}

/** As a browser opens a socket or a page with TLS; the answer to CONNECT, and to one request through it. */
function tunnel(target: string): Promise<string> {
  const socket = connect(proxy.port, "127.0.0.1");
  let heard = "";
  socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`);
  socket.on("data", (chunk: Buffer) => {
    heard += String(chunk);
    if (heard.endsWith("Established\r\n\r\n")) socket.write("GET / HTTP/1.0\r\n\r\n");
  });
  socket.on("error", () => socket.destroy()).on("end", () => socket.end());
  return new Promise((resolve) => socket.once("close", () => resolve(heard)));
}

describe.skipIf(!hasBoth)("the way out of a browser", () => {
  beforeAll(async () => {
    inner = createServer((asked, response) => void (hits.push(asked.url ?? ""), response.end("secret")));
    site = createServer((asked, response) => void response.end(asked.url === "/big" ? "x".repeat(50_000) : "public"));
    await listen(inner, 0, "127.0.0.1");
    port = (inner.address() as AddressInfo).port;
    await listen(site, port, "127.0.0.2");
  });
  beforeEach(async () => {
    hits.length = 0;
    lookups = [];
    answers = [];
    overs = 0;
    const policy = createAddressPolicy({ allowPrivate: ["127.0.0.2"] });
    proxy = await createGuardedProxy({ policy, resolve: resolveName, maxBytes: 20_000, onOver: () => (overs += 1) });
  });
  afterEach(() => proxy.close());
  afterAll(() => {
    for (const server of [inner, site]) {
      server.closeAllConnections();
      server.close();
    }
  });

  test("lets a page through to the address that was checked, with and without a tunnel", async () => {
    answers = ["127.0.0.2", "127.0.0.2"];
    expect(await get(`http://site.example:${port}/a`)).toBe("public");
    expect(await tunnel(`site.example:${port}`)).toMatch(/^HTTP\/1\.1 200 .*public$/s);
    expect(lookups).toEqual(["site.example", "site.example"]);
  });

  test("refuses every way to write a private address, both ways", async () => {
    for (const form of privateForms(port)) {
      await expect(get(form)).rejects.toThrow();
      expect(await tunnel(form.replace(/^http:\/\/|\/secret$/g, ""))).not.toContain("200");
    }
    for (const other of ["ftp://site.example/", "http://user:password@site.example/", "/relative"]) {
      await expect(get(other.startsWith("/") ? `http://127.0.0.1${other}` : other)).rejects.toThrow();
    }
    expect(hits).toEqual([]);
    expect(proxy.refused).toBeGreaterThan(28);
  });

  test("asks a name anew for each connection, and refuses it once it leads inside", async () => {
    answers = ["127.0.0.2", "127.0.0.1", "10.0.0.1"];
    expect(await get(`http://site.example:${port}/`)).toBe("public");
    await expect(get(`http://site.example:${port}/`)).rejects.toThrow();
    expect(await tunnel(`site.example:${port}`)).toContain("403");
    expect(hits).toEqual([]);
  });

  test("cuts everything once more has come in than one page may load, and says so once", async () => {
    answers = ["127.0.0.2", "127.0.0.2"];
    await expect(get(`http://site.example:${port}/big`)).rejects.toThrow();
    await expect(get(`http://site.example:${port}/`)).rejects.toThrow();
    expect(overs).toBe(1);
  });
});
