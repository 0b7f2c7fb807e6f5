import { AppError } from "@sophia/core/errors/app-error";
import { pino } from "pino";
import { expect, test } from "vitest";
import { createPromptVectors } from "./prompt-vectors.ts";

function createWorld(fails = false) {
  const texts: string[] = [];
  const embedder = {
    async embed(asked: readonly string[]) {
      texts.push(...asked);
      if (fails) throw new AppError("unavailable", "busy");
      return { vectors: [Float32Array.of(1)], modelId: "e", dimension: 1 };
    },
  };
  return { texts, vectors: createPromptVectors({ embedder, log: pino({ level: "silent" }) }) };
}
const { signal } = new AbortController();
const turn = (content: unknown) => ({ role: "user", content });

test("embeds the last thing the user said, in words", async () => {
  const { texts, vectors } = createWorld();
  const parts = [{ type: "text", text: "what is" }, { type: "image_url" }, { type: "text", text: "this?" }];
  expect(await vectors.of([turn("first"), turn(parts), { role: "assistant", content: "x" }], signal)).toEqual({
    vector: Float32Array.of(1),
    embeddingModelId: "e",
  });
  await vectors.of([turn("y".repeat(10_000))], signal);
  expect(texts).toEqual(["what is\nthis?", "y".repeat(4_096)]);
});

test("no words, no vector; a busy embedder is no failed request, a caller that left is", async () => {
  expect(await createWorld().vectors.of([turn([{ type: "image_url" }])], signal)).toBeUndefined();
  expect(await createWorld().vectors.of([{ role: "system", content: "s" }], signal)).toBeUndefined();
  expect(await createWorld(true).vectors.of([turn("hi")], signal)).toBeUndefined();
  await expect(createWorld(true).vectors.of([turn("hi")], AbortSignal.abort())).rejects.toThrow();
});
