import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { z } from "zod";
import { keyAliases } from "./key-aliases.ts";
import { recogniseKey } from "./recognise-key.ts";
import { services } from "./registry.ts";

const openrouterKey = `sk-or-v1-${"a1".repeat(32)}`;
const hex40 = "0123456789abcdef0123456789abcdef01234567";
const distinctShapes = services.flatMap(({ id, group, keyShape }) =>
  keyShape.filter(({ isDistinct }) => isDistinct && group !== "store").map((shape) => ({ ...shape, service: id })),
);
const variables = services.flatMap(({ id, config }) =>
  Object.keys((config as z.ZodObject).shape).map((variable) => ({ variable, service: id })),
);
/** Pulumi and Pulumi ESC share a token. */
const owners = new Map(variables.toReversed().map(({ variable, service }) => [variable, service]));

describe("recogniseKey", () => {
  it.each(variables)(
    "knows $variable of $service by its name, whatever it holds that is nobody else's",
    ({ variable }) => {
      const recognition = recogniseKey(variable.toLowerCase(), "an ordinary text");
      expect(recognition).toMatchObject({
        kind: "known",
        by: "name",
        key: { variable, service: owners.get(variable) },
      });
    },
  );

  it("knows the usual other names, all of variables that exist", () => {
    for (const [variable, aliases] of Object.entries(keyAliases)) {
      expect(owners.has(variable), variable).toBe(true);
      for (const alias of aliases) expect(owners.has(alias), alias).toBe(false);
    }
    expect(new Set(Object.values(keyAliases).flat()).size).toBe(Object.values(keyAliases).flat().length);
    expect(recogniseKey("HUGGINGFACE_TOKEN", `hf_${"aB".repeat(17)}`)).toEqual({
      kind: "known",
      by: "alias",
      key: { service: "huggingface", variable: "HF_TOKEN" },
      fits: true,
    });
    expect(recogniseKey("TOGETHER_AI_API_KEY", "x")).toMatchObject({
      key: { variable: "TOGETHER_API_KEY" },
      fits: false,
    });
  });

  it("takes a platform's name for a database only with an address of ours", () => {
    expect(recogniseKey("DATABASE_URL", "postgres://user:word@db.example/app")).toMatchObject({
      kind: "known",
      key: { service: "postgresql", variable: "SOPHIA_DATABASE_URL" },
    });
    expect(recogniseKey("DATABASE_URL", "mysql://user:word@db.example/app")).toEqual({
      kind: "unknown",
      resembles: { service: "postgresql", variable: "SOPHIA_DATABASE_URL" },
    });
    expect(recogniseKey("ANALYTICS_DB", "postgres://user:word@db.example/app")).toMatchObject({ kind: "unknown" });
    expect(recogniseKey("REDIS_URL", "rediss://:word@cache.example:6380")).toMatchObject({ key: { service: "redis" } });
  });

  it("tells a key under another's name, and never guesses which is right", () => {
    expect(recogniseKey("HF_TOKEN", openrouterKey)).toEqual({
      kind: "conflict",
      named: { service: "huggingface", variable: "HF_TOKEN" },
      shaped: { service: "openrouter", variable: "OPENROUTER_API_KEY" },
    });
    expect(recogniseKey("OPENAI_API_KEY", openrouterKey)).toMatchObject({
      by: "shape",
      key: { service: "openrouter" },
    });
    expect(recogniseKey("OPENAI_API_KEY", "sk-proj-abc")).toEqual({ kind: "unknown", resembles: undefined });
  });

  it("needs a name beside a shape that several services use", () => {
    expect(recogniseKey("SCRAPER_SECRET", hex40)).toEqual({ kind: "unknown", resembles: undefined });
    expect(recogniseKey("PROD_ZENROWS_SECRET", hex40)).toMatchObject({
      kind: "known",
      by: "name and shape",
      key: { service: "zenrows", variable: "ZENROWS_API_KEY" },
    });
    expect(recogniseKey("PROD_ZENROWS_SECRET", "something else")).toMatchObject({
      kind: "unknown",
      resembles: { service: "zenrows" },
    });
  });

  it("knows every distinct key under any name that says nothing", () => {
    for (const { pattern, variable } of distinctShapes) {
      fc.assert(
        fc.property(fc.stringMatching(pattern), fc.stringMatching(/^[A-Z]{1,10}_X$/), (key, name) => {
          expect(recogniseKey(name, key)).toMatchObject({ kind: "known", by: "shape", key: { variable }, fits: true });
        }),
        { numRuns: 25 },
      );
    }
  });

  it("never throws, never repeats the value, and does not depend on blanks around it", () => {
    const names = fc.oneof(fc.string(), fc.constantFrom(...owners.keys(), ...Object.values(keyAliases).flat()));
    const values = fc.oneof(
      fc.string({ minLength: 24, maxLength: 80 }),
      fc.constantFrom(...distinctShapes).chain(({ pattern }) => fc.stringMatching(pattern)),
    );
    fc.assert(
      fc.property(names, values, (name, value) => {
        fc.pre(value.trim().length >= 16);
        const recognition = recogniseKey(name, value);
        expect(JSON.stringify(recognition)).not.toContain(value.trim());
        expect(recogniseKey(` ${name} `, `\t${value}\n`)).toEqual(recognition);
      }),
    );
  });
});
