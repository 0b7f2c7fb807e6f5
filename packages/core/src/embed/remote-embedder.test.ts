import { describe, expect, test } from "vitest";
import { AppError } from "../errors/app-error.ts";
import type { EmbedMeter } from "./embedder.ts";
import { createRemoteEmbedder, type EmbeddingPort, type RemoteEmbedderOptions } from "./remote-embedder.ts";

const query = { purpose: "query" } as const;
const document = { purpose: "document" } as const;

/** Requests wait until the test answers them. */
function createHeldPort() {
  const requests: { texts: readonly string[]; answer(): void; fail(error: unknown): void }[] = [];
  const port: EmbeddingPort = {
    embed: (texts) =>
      new Promise((resolve, reject) => {
        const vectors = texts.map((text) => [text.length, 0, 0, 3]);
        requests.push({ texts, answer: () => resolve({ vectors, model: "m1" }), fail: reject });
      }),
  };
  return { port, requests };
}

function create(port: EmbeddingPort, options: Partial<RemoteEmbedderOptions> = {}) {
  return createRemoteEmbedder({ port, service: "tei", mode: "live", model: "bge-small", ...options });
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

describe("a remote model", () => {
  test("gives unit vectors in order, zeros for a text without content, and names what answered", async () => {
    const sent: string[][] = [];
    const embedder = create(
      {
        async embed(texts) {
          sent.push([...texts]);
          return { vectors: texts.map((text) => [text.length, 4]), model: "BAAI/bge-small-en-v1.5", costUsd: 0.002 };
        },
      },
      { prefixes: { query: "query: " }, readCharacters: 3 },
    );
    expect(embedder.status()).toMatchObject({ modelId: "tei:bge-small", dimension: 0, state: "idle" });
    const result = await embedder.embed(["abc and cut", " !? "], document);
    expect(result.vectors.map((vector) => [...vector].map((value) => Number(value.toFixed(3))))).toEqual([
      [0.6, 0.8],
      [0, 0],
    ]);
    expect(result).toMatchObject({ modelId: "tei:BAAI/bge-small-en-v1.5-2-prefixed", dimension: 2, costUsd: 0.002 });
    expect((await embedder.embed(["..."], query)).vectors).toEqual([new Float32Array(2)]);
    await embedder.embed(["a"], query);
    expect(sent).toEqual([["abc"], ["query: text"], ["query: a"]]);
    expect(embedder.status()).toMatchObject({ modelId: result.modelId, dimension: 2, state: "ready", service: "tei" });
  });

  test("tells who answered, where its port asks one of several", async () => {
    const place = { service: "together", mode: "simulated" } as const;
    const embedder = create({ embed: async () => ({ vectors: [[1]], model: "m", place }) });
    expect(embedder.status()).toMatchObject({ service: "tei", mode: "live" });
    await embedder.embed(["a"], query);
    expect(embedder.status()).toMatchObject(place);
  });

  test("tells each caller what its own texts cost, also where the answer is of no use or never comes", async () => {
    const told: string[] = [];
    const meterOf = (name: string): EmbedMeter => ({
      sent: (characters) => void told.push(`${name} sent ${characters}`),
      answered: (characters, costUsd) => void told.push(`${name} answered ${characters} ${costUsd?.toFixed(2)}`),
      failed: (characters) => void told.push(`${name} failed ${characters}`),
    });
    const answers = [
      async () => ({ vectors: [[1]], model: "m", costUsd: 0.03 }),
      async (onCost?: (costUsd: number) => void) => {
        onCost?.(0.04);
        throw new AppError("upstream", "no vectors in it");
      },
      () => Promise.reject(new AppError("upstream", "gone")),
      async () => ({ vectors: [[1]], model: "m" }),
    ];
    const embedder = create({ embed: async (_texts, _signal, onCost) => await answers.shift()!(onCost) });
    for (const name of ["whole", "useless", "lost", "free"]) {
      await embedder.embed([name], { ...query, meter: meterOf(name) }).catch(() => undefined);
    }
    expect(told).toEqual([
      "whole sent 5",
      "whole answered 5 0.03",
      "useless sent 7",
      "useless answered 7 0.04",
      "lost sent 4",
      "lost failed 4",
      "free sent 4",
      "free answered 4 undefined",
    ]);
  });

  test("shares requests between calls, and a query does not wait behind documents", async () => {
    const { port, requests } = createHeldPort();
    const embedder = create(port, { maxTexts: 4, concurrency: 2 });
    const documents = embedder.embed(
      Array.from({ length: 10 }, (_, index) => `doc ${index}`),
      document,
    );
    const first = embedder.embed(["q1"], query);
    expect(requests.map(({ texts }) => texts.length)).toEqual([4, 1]);
    const others = [embedder.embed(["q2"], query), embedder.embed(["q3"], query)];
    requests[1]?.answer();
    await first;
    await settle();
    expect(requests.at(-1)?.texts).toEqual(["q2", "q3"]);
    for (let index = 0; index < 10; index += 1) {
      requests[index]?.answer();
      await settle();
    }
    expect((await documents).vectors).toHaveLength(10);
    expect((await Promise.all(others)).map(({ vectors }) => vectors.length)).toEqual([1, 1]);
  });

  test("one caller's refused text does not fail another's", async () => {
    const port: EmbeddingPort = {
      async embed(texts) {
        if (texts.includes("poison")) throw new AppError("invalid_input", "too long");
        return { vectors: texts.map(() => [1]), model: "m" };
      },
    };
    const embedder = create(port, { concurrency: 2 });
    // The first holds the lane, so that the others share one request.
    const [, good, bad, alsoGood] = await Promise.allSettled(
      ["first", "good", "poison", "fine"].map((text) => embedder.embed([text], document)),
    );
    expect([good?.status, bad?.status, alsoGood?.status]).toEqual(["fulfilled", "rejected", "fulfilled"]);
  });

  test("a failure is thrown and passes; another model gets another id; two at once are refused", async () => {
    const script: (() => string)[] = [
      () => {
        throw new AppError("unavailable", "down");
      },
      () => "m1",
      () => "m2",
    ];
    let calls = 0;
    const port: EmbeddingPort = {
      embed: async (texts) => ({
        model: (script[calls++] ?? (() => `m${calls % 2}`))(),
        vectors: texts.map(() => [1, 0]),
      }),
    };
    const embedder = create(port, { maxTexts: 1 });
    await expect(embedder.embed(["a"], query)).rejects.toMatchObject({ kind: "unavailable" });
    expect((await embedder.embed(["a"], query)).modelId).toBe("tei:m1-2");
    expect((await embedder.embed(["a"], query)).modelId).toBe("tei:m2-2");
    await expect(embedder.embed(["a", "b"], query)).rejects.toMatchObject({ kind: "unavailable" });
  });

  test("a refused key passes when it is replaced: a chain must not leave the model for it", async () => {
    const refused = new AppError("not_configured", "401", { hint: "Renew the key." });
    const embedder = create({ embed: () => Promise.reject(refused) });
    const failure = { kind: "unavailable", retryable: false, hint: "Renew the key.", service: "tei" };
    await expect(embedder.embed(["a"], query)).rejects.toMatchObject(failure);
  });

  test.each([
    [[[1, 2]], 2],
    [[[1, 2], [1]], 2],
    [[[], []], 2],
  ])("vectors %j are no answer to %i texts", async (vectors, count) => {
    const embedder = create({ embed: async () => ({ vectors, model: "m" }) });
    await expect(embedder.embed(Array(count).fill("a"), query)).rejects.toMatchObject({ kind: "upstream" });
  });

  test("deadline, cancellation, a full queue and the end are all told", async () => {
    const { port, requests } = createHeldPort();
    const embedder = create(port, { queueLimit: 3, deadlineMs: 20 });
    await expect(embedder.embed(["slow"], query)).rejects.toMatchObject({ kind: "timeout" });
    const controller = new AbortController();
    const call = embedder.embed(["slow"], { ...query, signal: controller.signal });
    controller.abort(new Error("gone"));
    await expect(call).rejects.toThrow("gone");
    await expect(embedder.embed(Array(4).fill("x"), query)).rejects.toMatchObject({ kind: "rate_limited" });
    expect(requests.length).toBe(2);
    await embedder.close();
    await expect(embedder.embed(["late"], query)).rejects.toMatchObject({ kind: "unavailable" });
    expect(embedder.status().state).toBe("closed");
  });
});
