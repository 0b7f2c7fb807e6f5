export interface SimulatedModel {
  id: string;
  type: "chat" | "embedding" | "rerank";
  contextLength: number;
  /** USD per million tokens. */
  input: number;
  output: number;
}

export const simulatedModels: readonly SimulatedModel[] = [
  { id: "simulated/Small-8B-Turbo", type: "chat", contextLength: 16_384, input: 0.18, output: 0.18 },
  { id: "simulated/Large-70B-Turbo", type: "chat", contextLength: 131_072, input: 0.88, output: 0.88 },
  { id: "simulated/Tiny-Context", type: "chat", contextLength: 256, input: 0.05, output: 0.1 },
  { id: "simulated/bge-base", type: "embedding", contextLength: 512, input: 0.01, output: 0 },
  { id: "simulated/rank-v1", type: "rerank", contextLength: 8_192, input: 0.1, output: 0 },
];

/** `GET /models`: a bare array. https://docs.together.ai/reference/models-1 */
export function listModels(): unknown[] {
  return simulatedModels.map(({ id, type, contextLength, input, output }) => ({
    id,
    object: "model",
    created: 1_750_000_000,
    type,
    display_name: `Simulated: ${id}`,
    organization: "sophia-simulator",
    context_length: contextLength,
    pricing: { hourly: 0, input, output, base: 0, finetune: 0 },
  }));
}
