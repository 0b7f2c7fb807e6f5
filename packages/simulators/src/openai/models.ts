/** What the simulated provider sells. Prices are strings in USD per token, as OpenRouter's `/models` words them. */
export interface SimulatedModel {
  id: string;
  kind: "chat" | "embedding";
  contextLength: number;
  pricing: { prompt: string; completion: string };
}

export const simulatedModels: readonly SimulatedModel[] = [
  {
    id: "simulated/small",
    kind: "chat",
    contextLength: 16_384,
    pricing: { prompt: "0.00000015", completion: "0.0000006" },
  },
  {
    id: "simulated/large",
    kind: "chat",
    contextLength: 131_072,
    pricing: { prompt: "0.000003", completion: "0.000015" },
  },
  {
    id: "simulated/tiny-context",
    kind: "chat",
    contextLength: 256,
    pricing: { prompt: "0.00000005", completion: "0.0000001" },
  },
  {
    id: "simulated/embedding",
    kind: "embedding",
    contextLength: 8_192,
    pricing: { prompt: "0.00000002", completion: "0" },
  },
];

/** The body of `GET /models`. */
export function buildModelList(): unknown {
  return {
    object: "list",
    data: simulatedModels.map((model) => ({
      id: model.id,
      object: "model",
      created: 1_750_000_000,
      owned_by: "sophia-simulator",
      context_length: model.contextLength,
      pricing: model.pricing,
      architecture: {
        input_modalities: ["text"],
        output_modalities: [model.kind === "chat" ? "text" : "embeddings"],
      },
    })),
  };
}
