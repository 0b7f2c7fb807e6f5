import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AppError } from "../errors/app-error.ts";
import type { Embedder } from "./embedder.ts";
import { createHybridEmbedder } from "./hybrid-embedder.ts";
import { buildLexicalVector, createLexicalEmbedder } from "./lexical-embedder.ts";
import { createTokenizer, type Vocabulary } from "./sentence-pieces.ts";

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0);
}

const query = { purpose: "query" } as const;

describe("lexical vectors", () => {
  test("have unit length for any text with a letter, and are zero otherwise", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 80 }), (text) => {
        const vector = buildLexicalVector(text, 256);
        const length = Math.sqrt(dot(vector, vector));
        if (!/[\p{L}\p{M}\p{N}]/u.test(text.normalize("NFKC"))) expect(length).toBe(0);
        // Signed hashes can cancel out, so a very rare text may come out as zero.
        else expect(length === 0 || Math.abs(length - 1) < 1e-5).toBe(true);
      }),
    );
  });

  test("stay the same across releases: stored vectors depend on it", () => {
    const vector = buildLexicalVector("Restart the billing service on host 7", 64);
    const largest = [...vector.entries()].toSorted((a, b) => Math.abs(b[1]) - Math.abs(a[1])).slice(0, 3);
    expect(largest.map(([slot, value]) => [slot, Number(value.toFixed(3))])).toMatchInlineSnapshot(`
      [
        [
          42,
          0.605,
        ],
        [
          25,
          -0.277,
        ],
        [
          7,
          -0.258,
        ],
      ]
    `);
  });

  test("bring one word's forms together and keep codes apart", () => {
    const base = buildLexicalVector("restart the billing service");
    expect(dot(base, buildLexicalVector("Restarting billing services"))).toBeGreaterThan(0.6);
    expect(dot(base, buildLexicalVector("what is the weather in Oslo"))).toBeLessThan(0.15);
    expect(dot(buildLexicalVector("exam 1Z0-554"), buildLexicalVector("exam 1Z0-560"))).toBeLessThan(0.95);
  });

  test("stop between texts when the caller gives up", async () => {
    const embedder = createLexicalEmbedder();
    await expect(embedder.embed(["a"], { purpose: "query", signal: AbortSignal.abort() })).rejects.toThrow();
  });
});

describe("tokenizer", () => {
  const vocabulary: Vocabulary = [
    ["�", 0],
    ...["<s>", "</s>", "x1", "x2", "x3"].map((piece) => [piece, 0] as const),
    ["▁", -4],
    ["▁hel", -5],
    ["lo", -4],
    ["▁hello", -7],
    ["h", -9],
    ["▁world", -6],
  ];
  const tokenize = createTokenizer(vocabulary);

  test.each([
    ["hello", [9]],
    ["hello world", [9, 11]],
    ["hel lo", [7, 6, 8]],
    ["  hello\tworld ", [9, 11]],
    ["", []],
    ["   ", []],
    // Unknown characters next to each other are one unknown piece.
    ["hello☃☃☃", [9, 0]],
  ])("%j → %j", (text, pieces) => expect(tokenize(text)).toEqual(pieces));

  test("ends for any text", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(0x10ffff), { maxLength: 60 }), (codePoints) => {
        const text = String.fromCodePoint(...codePoints);
        expect(Math.max(0, ...tokenize(text))).toBeLessThan(vocabulary.length);
      }),
    );
  });
});

describe("hybrid", () => {
  function createFixedEmbedder(answer: () => Float32Array[]): Embedder {
    return {
      embed: async () => ({ vectors: answer(), modelId: "fixed", dimension: 2 }),
      status: () => ({ modelId: "fixed", dimension: 2, state: "ready" }),
      close: async () => {},
    };
  }

  test("the inner product is the weighted mean of both cosines", async () => {
    const meaning = [Float32Array.of(1, 0), Float32Array.of(0.6, 0.8)];
    const lexical = createLexicalEmbedder();
    const hybrid = createHybridEmbedder({ meaning: createFixedEmbedder(() => meaning), lexical });
    const texts = ["restart billing", "restart the service"];
    const { vectors, modelId, dimension } = await hybrid.embed(texts, query);
    const [left, right] = vectors as [Float32Array, Float32Array];
    const byLetters = dot(buildLexicalVector(texts[0] ?? ""), buildLexicalVector(texts[1] ?? ""));
    expect(dot(left, right)).toBeCloseTo((0.6 + 0.5 * byLetters) / 1.5, 5);
    expect(dot(left, left)).toBeCloseTo(1, 5);
    expect(modelId).toBe("fixed+0.5*lexical-3-5gram-v1-1024");
    expect(dimension).toBe(left.length);
  });

  test("without a model the letters answer, under their own id, and stay", async () => {
    let calls = 0;
    const meaning = createFixedEmbedder(() => {
      calls += 1;
      throw new AppError("not_configured", "no model");
    });
    const hybrid = createHybridEmbedder({ meaning, lexical: createLexicalEmbedder() });
    expect((await hybrid.embed(["a word"], query)).modelId).toBe("lexical-3-5gram-v1-1024");
    expect((await hybrid.embed(["a word"], query)).dimension).toBe(1024);
    expect(calls).toBe(1);
    expect(hybrid.status()).toMatchObject({ state: "degraded", modelId: "lexical-3-5gram-v1-1024" });
  });

  test("a passing failure is thrown: ids must not alternate", async () => {
    const meaning = createFixedEmbedder(() => {
      throw new AppError("unavailable", "restarting");
    });
    const hybrid = createHybridEmbedder({ meaning, lexical: createLexicalEmbedder() });
    await expect(hybrid.embed(["a word"], query)).rejects.toMatchObject({ kind: "unavailable" });
    expect(hybrid.status().state).toBe("ready");
  });
});
