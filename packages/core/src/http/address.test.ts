import fc from "fast-check";
import { expect, test } from "vitest";
import { createAddressPolicy } from "./address.ts";

const policy = createAddressPolicy();
const denied = expect.objectContaining({ kind: "denied" }) as Error;

const closedUrls = [
  "http://169.254.169.254/latest/meta-data/",
  "http://2852039166/",
  "http://0xa9fea9fe/",
  "http://0251.0376.0251.0376/",
  "http://0xA9.0xFE.0xA9.0xFE/",
  "http://169.254.43518/",
  "http://１６９.２５４.１６９.２５４/",
  "http://①⑥⑨.②⑤④.①⑥⑨.②⑤④/",
  "http://[::ffff:a9fe:a9fe]/",
  "http://[::ffff:169.254.169.254]/",
  "http://[0:0:0:0:0:ffff:7f00:1]/",
  "http://[64:ff9b::a9fe:a9fe]/",
  "http://[64:ff9b:1::1]/",
  "http://[2002:a9fe:a9fe::1]/",
  "http://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/",
  "http://[::7f00:1]/",
  "http://[::]/",
  "http://[::1]/",
  "http://[fe80::1]/",
  "http://[fc00::1]/",
  "http://[fd00:ec2::254]/",
  "http://[ff02::1]/",
  "http://[fec0::1]/",
  "http://[2001:db8::1]/",
  "http://127.0.0.1/",
  "http://127.1/",
  "http://0/",
  "http://0.0.0.0/",
  "http://10.1.2.3/",
  "http://172.16.0.1/",
  "http://172.31.255.255/",
  "http://192.168.0.1/",
  "http://100.64.0.1/",
  "http://100.100.100.200/",
  "http://192.0.0.192/",
  "http://198.18.0.1/",
  "http://168.63.129.16/",
  "http://224.0.0.1/",
  "http://255.255.255.255/",
  "http://127.0.0.1:8091/mcp",
  "http://127.0.0.1./",
  "http://metadata.google.internal/",
  "http://metadata.google.internal./",
  "http://METADATA.goog/",
  "http://metadata/",
  "http://instance-data.ec2.internal/",
  "http://localhost/",
  "http://LOCALHOST./",
  "http://app.localhost/",
  "http://printer.local/",
  "http://vault.internal/",
  "http://router.lan/",
  "http://user@example.com/",
  "http://user:password@example.com/",
  "http://example.com@127.0.0.1/",
  "https://169.254.169.254%2eexample.com@169.254.169.254/",
  "file:///etc/passwd",
  "gopher://127.0.0.1:6379/_FLUSHALL",
  "ftp://example.com/",
  "data:text/html,x",
  "javascript:alert(1)",
  "blob:https://example.com/1",
];

test.each(closedUrls)("fault 91: refuses %s", (url) => {
  expect(() => policy.checkUrl(url)).toThrow(denied);
});

test.each([
  "",
  "example.com",
  "http://",
  "http:///",
  "http://exa mple.com/",
  "http://example.com/\r\nHost: evil",
  "http://exam\tple.com/",
  "http://example.com\\@127.0.0.1/",
  "http://example.com:99999/",
  "http://[::1",
  "http://1.2.3.4.5.6.7.256/",
  `http://example.com/${"a".repeat(9_000)}`,
])("fault 91, 96: %j is no usable address", (url) => {
  expect(() => policy.checkUrl(url)).toThrow(expect.objectContaining({ kind: "invalid_input" }) as Error);
});

test("property: no way of writing a private address gets through", () => {
  const privateAddress = fc.oneof(
    fc.tuple(fc.constant(127), fc.nat(255), fc.nat(255), fc.nat(255)),
    fc.tuple(fc.constant(10), fc.nat(255), fc.nat(255), fc.nat(255)),
    fc.tuple(fc.constant(169), fc.constant(254), fc.nat(255), fc.nat(255)),
    fc.tuple(fc.constant(192), fc.constant(168), fc.nat(255), fc.nat(255)),
    fc.tuple(fc.constant(172), fc.integer({ min: 16, max: 31 }), fc.nat(255), fc.nat(255)),
    fc.tuple(fc.constant(100), fc.integer({ min: 64, max: 127 }), fc.nat(255), fc.nat(255)),
  );
  const part = fc.constantFrom("decimal", "hex", "octal");
  fc.assert(
    fc.property(
      privateAddress,
      fc.array(part, { minLength: 4, maxLength: 4 }),
      fc.integer({ min: 1, max: 4 }),
      (address, forms, parts) => {
        // An address may be written with its last numbers merged, each in any base.
        const [a, b, c, d] = address;
        const merged = [
          [((a * 256 + b) * 256 + c) * 256 + d],
          [a, (b * 256 + c) * 256 + d],
          [a, b, c * 256 + d],
          [a, b, c, d],
        ][parts - 1];
        const host = (merged ?? []).map((number, index) => written(number, forms[index] ?? "decimal")).join(".");
        expect(() => policy.checkUrl(`http://${host}/`)).toThrow(denied);
        const hex = [a * 256 + b, c * 256 + d].map((pair) => pair.toString(16)).join(":");
        for (const prefix of ["::ffff:", "::", "64:ff9b::"]) {
          expect(() => policy.checkUrl(`http://[${prefix}${hex}]/`)).toThrow(denied);
        }
        expect(() => policy.checkUrl(`http://[2002:${hex}::1]/`)).toThrow(denied);
      },
    ),
  );
});

function written(number: number, form: string): string {
  if (form === "hex") return `0x${number.toString(16)}`;
  return form === "octal" ? `0${number.toString(8)}` : String(number);
}

test("property: a public address passes, as do public names", () => {
  const octet = fc.nat(255);
  fc.assert(
    fc.property(
      fc.constantFrom(1, 8, 23, 93, 142, 151, 185, 203, 216),
      octet,
      octet,
      fc.integer({ min: 1, max: 254 }),
      (a, b, c, d) => {
        fc.pre(!(a === 203 && b === 0 && c === 113));
        expect(policy.checkUrl(`https://${a}.${b}.${c}.${d}/`).hostname).toBe(`${a}.${b}.${c}.${d}`);
      },
    ),
  );
  for (const host of [
    "example.com",
    "internal.example.com",
    "local.dev",
    "metadata-docs.example",
    "[2606:4700::1111]",
  ]) {
    expect(() => policy.checkUrl(`https://${host}/`)).not.toThrow();
  }
});

test("property: any text is refused or leads to http(s) without a user", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.webUrl(),
        fc.string(),
        fc.string().map((text) => `http://${text}`),
      ),
      (text) => {
        try {
          const url = policy.checkUrl(text);
          expect(["http:", "https:"]).toContain(url.protocol);
          expect(url.username + url.password).toBe("");
        } catch (error) {
          expect(["denied", "invalid_input"]).toContain((error as { kind?: string }).kind);
        }
      },
    ),
    { numRuns: 500 },
  );
});

test("the user's own exceptions open exactly what they name", () => {
  const own = createAddressPolicy({ allowPrivate: ["10.1.0.0/16", "localhost:3000", "[::1]:9000", "192.168.1.5"] });
  for (const url of ["http://10.1.2.3/", "http://localhost:3000/", "http://[::1]:9000/x", "http://192.168.1.5:1/"]) {
    expect(() => own.checkUrl(url)).not.toThrow();
  }
  for (const url of ["http://10.2.0.1/", "http://localhost:3001/", "http://[::1]/", "http://192.168.1.6/"]) {
    expect(() => own.checkUrl(url)).toThrow(denied);
  }
  expect(() => createAddressPolicy({ allowPrivate: ["every host"] })).toThrow(/neither/);
});

test("an exception without a port opens every port of that host, one with a port that port alone", () => {
  const own = createAddressPolicy({ allowPrivate: ["localhost", "wiki.intranet:80", "[::1]"] });
  for (const url of ["http://localhost:3000/", "https://localhost/", "http://wiki.intranet/", "http://[::1]:9000/"]) {
    expect(() => own.checkUrl(url)).not.toThrow();
  }
  expect(() => own.checkAddress("127.0.0.1", "localhost", 3000)).not.toThrow();
  expect(() => own.checkUrl("http://wiki.intranet:8080/")).toThrow(denied);
  expect(() => own.checkAddress("127.0.0.1", "other.example", 3000)).toThrow(denied);
});

test.each([["127.0.0.1"], ["127.0.0.0/8"], ["localhost"], ["127.0.0.1:8091", "localhost:8091", "mine.example:8091"]])(
  "fault 91: our own ports stay closed when %s is allowed",
  (...allowPrivate) => {
    const own = createAddressPolicy({ allowPrivate, ownPorts: [8091] });
    for (const host of ["127.0.0.1", "localhost", "mine.example"]) {
      expect(() => own.checkUrl(`http://${host}:8091/mcp`)).toThrow(denied);
      expect(() => own.checkAddress("127.0.0.1", host, 8091)).toThrow(denied);
    }
  },
);

test("whoever is refused is told the setting that allows it, but not for our own ports", () => {
  const own = createAddressPolicy({ allowPrivateSetting: "SOPHIA_DATA_ALLOW_PRIVATE", ownPorts: [8091] });
  const hintOf = (url: string): string => {
    try {
      own.checkUrl(url);
    } catch (error) {
      return (error as { hint?: string }).hint ?? "";
    }
    return "";
  };
  for (const url of ["http://10.0.0.1/", "http://localhost/"]) {
    expect(hintOf(url)).toMatch(/SOPHIA_DATA_ALLOW_PRIVATE: host:port opens one port, a host .* all but Sophia's own/);
  }
  expect(hintOf("http://localhost:8091/")).toBe("They are never fetched, whatever is allowed.");
});
