import { badReply } from "@sophia/core/http/failures";
import { z } from "zod";
import { parseUsage, type Usage } from "./usage.ts";

/** Vectors in the order of the texts. */
export interface EmbeddingAnswer {
  vectors: Float32Array[];
  model: string;
  /** Absent: the provider does not say. */
  usage: Usage | undefined;
}

const EmbeddingReply = z.object({
  model: z.string(),
  data: z
    .array(
      z.object({ index: z.number().int().min(0).optional(), embedding: z.union([z.array(z.number()), z.string()]) }),
    )
    .min(1),
  usage: z.unknown().optional(),
});

/** https://platform.openai.com/docs/api-reference/embeddings/object */
export function parseEmbeddingAnswer(service: string, answer: unknown, count: number): EmbeddingAnswer {
  const parsed = EmbeddingReply.safeParse(answer);
  if (!parsed.success) throw badReply(service, "it holds no embeddings");
  const { data, model, usage } = parsed.data;
  const vectors: Float32Array[] = [];
  for (const [position, { index = position, embedding }] of data.entries()) vectors[index] = toVector(embedding);
  const dimension = vectors[0]?.length ?? 0;
  const isWhole =
    vectors.length === count && Array.from(vectors).every((vector) => vector?.length === dimension && dimension > 0);
  if (!isWhole || data.length !== count) throw badReply(service, "it does not hold one embedding for each text");
  return { vectors, model, usage: parseUsage(usage) };
}

/** `encoding_format: "base64"` is the bytes of 32-bit floats, little-endian. */
function toVector(embedding: number[] | string): Float32Array {
  if (typeof embedding !== "string") return Float32Array.from(embedding);
  const bytes = Buffer.from(embedding, "base64");
  return Float32Array.from({ length: Math.floor(bytes.length / 4) }, (_, index) => bytes.readFloatLE(index * 4));
}
