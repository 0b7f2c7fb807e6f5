import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Secret } from "../config/secret.ts";
import { createScrubber } from "./scrub.ts";

const canary = 'Kq7/+w"é\\9Zr+4mT/ vL2 x8';

/** How a value is spelt on its way into a text, and a piece of that spelling that must not survive. */
const spellings: Record<string, (value: string) => string> = {
  raw: (value) => value,
  "first 12 characters": (value) => value.slice(0, 12),
  "cut in the middle": (value) => value.slice(0, 17),
  base64: (value) => Buffer.from(value).toString("base64"),
  "base64 behind one byte": (value) => Buffer.from(`:${value}`).toString("base64"),
  "base64 behind two bytes": (value) => Buffer.from(`u:${value}`).toString("base64"),
  base64url: (value) => Buffer.from(value).toString("base64url"),
  "base64url behind two bytes": (value) => Buffer.from(`u:${value}`).toString("base64url"),
  "URL-encoded": (value) => encodeURIComponent(value),
  "URL-encoded in lower case": (value) =>
    encodeURIComponent(value).replace(/%[0-9A-F]{2}/g, (text) => text.toLowerCase()),
  "form-encoded": (value) => new URLSearchParams({ key: value }).toString().slice(4),
  "JSON-escaped": (value) => JSON.stringify(value).slice(1, -1),
  "JSON in JSON": (value) => JSON.stringify(JSON.stringify(value)).slice(3, -3),
  "JSON with escaped slashes": (value) => JSON.stringify(value).slice(1, -1).replaceAll("/", "\\/"),
  "JSON in ASCII": (value) => JSON.stringify(value).slice(1, -1).replaceAll("é", "\\u00e9"),
  hex: (value) => Buffer.from(value).toString("hex"),
  "hex in capitals": (value) => Buffer.from(value).toString("hex").toUpperCase(),
};

describe("createScrubber", () => {
  it.each(Object.entries(spellings))("masks a secret spelt as %s", (_name, spell) => {
    const scrubber = createScrubber();
    scrubber.register(canary, "CANARY");
    const spelt = spell(canary);
    const scrubbed = scrubber.scrub(`before|${spelt}|after`);
    expect(scrubbed).toContain("[secret CANARY]");
    for (let start = 0; start + 8 <= spelt.length; start += 1) {
      expect(scrubbed).not.toContain(spelt.slice(start, start + 8));
    }
    expect(scrubbed.startsWith("before|")).toBe(true);
    expect(scrubbed.endsWith("|after")).toBe(true);
  });

  it("masks a secret inside a JSON text in base64", () => {
    const scrubber = createScrubber();
    scrubber.register(canary);
    const spelt = Buffer.from(JSON.stringify({ key: canary })).toString("base64");
    expect(scrubber.scrub(spelt)).toMatch(/^eyJrZXkiOiJ.?\[secret\].{0,4}==$/);
  });

  it("returns the very same string and value when there is no secret in it", () => {
    const scrubber = createScrubber();
    scrubber.register(canary);
    const value = { a: ["text", 1, null], b: { c: true } };
    expect(scrubber.scrub("nothing to see")).toBe("nothing to see");
    expect(scrubber.scrubValue(value)).toBe(value);
  });

  it("keeps a rotated secret known, and one secret inside another", () => {
    const scrubber = createScrubber();
    for (const value of ["old-key-0123456789", "new-key-0123456789", "0123456789"]) scrubber.register(value);
    expect(scrubber.scrub("old-key-0123456789 new-key-0123456789 0123456789")).toBe("[secret] [secret] [secret]");
  });

  it("masks deep values, keys, secrets and errors with their causes", () => {
    const scrubber = createScrubber();
    scrubber.register("canary-value-123456");
    const error = new Error("a canary-value-123456", { cause: new Error("b canary-value-123456") });
    const value = { list: [{ "canary-value-123456": "x canary-value-123456" }], key: new Secret("other"), error };
    const scrubbed = JSON.stringify(scrubber.scrubValue(value));
    expect(scrubbed).not.toContain("canary-value");
    expect(scrubbed).toContain('"key":"***"');
    expect(scrubbed).toContain("b [secret]");
  });

  it("masks the password of a connection URL but leaves an address without one readable", () => {
    const scrubber = createScrubber();
    scrubber.register("postgresql://sophia:pa%2Fss-word-77@db.example:5432/sophia", "SOPHIA_DATABASE_URL");
    scrubber.register("redis://cache.example:6379/0", "SOPHIA_REDIS_URL");
    const text = "postgresql://sophia:***@db.example, pa%2Fss-word-77, pa/ss-word-77, redis://cache.example:6379/0";
    const scrubbed = scrubber.scrub(text);
    expect(scrubbed).not.toMatch(/ss-word/);
    expect(scrubbed).toContain("postgresql://sophia:***@db.example");
    expect(scrubbed).toContain("redis://cache.example:6379/0");
  });

  it("does not take our own token prefix for a secret", () => {
    const scrubber = createScrubber();
    scrubber.register("sophia_data_AbCdEfGhIjKlMnOpQrStUvWx");
    expect(scrubber.scrub("sophia_data_documents")).toBe("sophia_data_documents");
    expect(scrubber.scrub("sophia_data_AbCdEfGhIjKl")).toBe("[secret]");
  });

  it("masks any secret of 8 characters or more in any spelling", () => {
    const secret = fc.string({ minLength: 8, maxLength: 60, unit: "grapheme" }).filter((text) => text.trim() === text);
    const around = fc.string({ unit: "grapheme", maxLength: 40 });
    const whole = Object.entries(spellings).filter(([name]) => !/first|cut|behind/.test(name));
    fc.assert(
      fc.property(secret, around, around, fc.constantFrom(...whole), (value, before, after, [, spell]) => {
        fc.pre(value.length >= 8 && !URL.canParse(value));
        const scrubber = createScrubber();
        scrubber.register(value);
        const scrubbed = scrubber.scrub(before + spell(value) + after);
        return scrubbed.includes("[secret]");
      }),
      { numRuns: 500 },
    );
  });

  it("never breaks an escape when it cuts a JSON text", () => {
    const scrubber = createScrubber();
    scrubber.register('abcdefghijkl"mnop');
    expect(() => JSON.parse(scrubber.scrub(JSON.stringify({ text: "abcdefghijkl\\" })))).not.toThrow();
  });
});
