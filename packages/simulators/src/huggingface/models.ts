/** Models of the simulated router, each at some providers. Prices in USD per million tokens. */
export interface RoutedModel {
  id: string;
  places: { provider: string; status: string; input: number; output: number; tools: boolean; context: number }[];
}

export const routedModels: readonly RoutedModel[] = [
  {
    id: "simulated/open-8b",
    places: [
      { provider: "fast-one", status: "live", input: 0.2, output: 0.6, tools: true, context: 131_072 },
      { provider: "cheap-one", status: "live", input: 0.05, output: 0.1, tools: false, context: 32_768 },
      { provider: "broken-one", status: "error", input: 0.01, output: 0.01, tools: true, context: 131_072 },
    ],
  },
  {
    id: "simulated/open-70b",
    places: [{ provider: "fast-one", status: "live", input: 0.8, output: 0.9, tools: true, context: 131_072 }],
  },
];

/** `GET /v1/models`. */
export function buildRoutedModels(): unknown {
  return {
    object: "list",
    data: routedModels.map(({ id, places }) => ({
      id,
      object: "model",
      created: 1_750_000_000,
      owned_by: "simulated",
      architecture: { input_modalities: ["text"], output_modalities: ["text"] },
      providers: places.map((place) => ({
        provider: place.provider,
        status: place.status,
        context_length: place.context,
        pricing: { input: place.input, output: place.output },
        supports_tools: place.tools,
        supports_structured_output: place.tools,
        is_model_author: false,
      })),
    })),
  };
}
