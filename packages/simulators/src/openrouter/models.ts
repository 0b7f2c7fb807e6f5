/** A place that serves a model. Prices in USD per token. */
export interface SimulatedPlace {
  provider: string;
  slug: string;
  prompt: number;
  completion: number;
  quantization: "fp8" | "bf16" | "int4" | "unknown";
  /** Keeps no prompt. */
  zdr: boolean;
  /** May keep prompts, to train on them. */
  collects: boolean;
  throughput: number;
  latencySeconds: number;
  parameters: readonly string[];
}

export interface SimulatedModel {
  id: string;
  kind: "text" | "embeddings" | "rerank";
  contextLength: number;
  places: readonly SimulatedPlace[];
  /** Beside prompt and completion, as `/models` words them. */
  pricing?: Readonly<Record<string, unknown>>;
  input?: readonly string[];
}

const parameters = ["max_tokens", "temperature", "top_p", "stop", "seed"];
const tools = [...parameters, "tools", "tool_choice", "response_format", "structured_outputs"];

const place = (
  provider: string,
  prompt: number,
  completion: number,
  more: Partial<SimulatedPlace>,
): SimulatedPlace => ({
  provider,
  slug: provider.toLowerCase(),
  prompt,
  completion,
  quantization: "unknown",
  zdr: false,
  collects: false,
  throughput: 80,
  latencySeconds: 0.6,
  parameters: tools,
  ...more,
});

export const simulatedModels: readonly SimulatedModel[] = [
  {
    id: "simulated/small",
    kind: "text",
    contextLength: 16_384,
    places: [
      place("DeepInfra", 0.1e-6, 0.4e-6, { quantization: "int4", collects: true, parameters, latencySeconds: 1.2 }),
      place("Together", 0.15e-6, 0.6e-6, { quantization: "fp8" }),
      place("Fireworks", 0.2e-6, 0.8e-6, { quantization: "bf16", zdr: true, throughput: 190, latencySeconds: 0.3 }),
    ],
    pricing: { input_cache_read: "0.000000075" },
  },
  {
    id: "simulated/large",
    kind: "text",
    contextLength: 200_000,
    places: [
      place("Anthropic", 3e-6, 15e-6, { zdr: true }),
      place("Google", 3.3e-6, 16.5e-6, { zdr: true, throughput: 95 }),
    ],
    pricing: {
      input_cache_read: "0.0000003",
      input_cache_write: "0.00000375",
      overrides: [
        { min_prompt_tokens: 100_000, prompt: "0.000006", completion: "0.0000225" },
        { utc_start: 1630, utc_end: 30, completion: "0.0000075" },
      ],
    },
    input: ["text", "image"],
  },
  { id: "simulated/tiny-context", kind: "text", contextLength: 256, places: [place("Groq", 0.05e-6, 0.1e-6, {})] },
  {
    id: "simulated/small:free",
    kind: "text",
    contextLength: 16_384,
    places: [place("Chutes", 0, 0, { collects: true })],
  },
  { id: "simulated/embedding", kind: "embeddings", contextLength: 8_192, places: [place("OpenAI", 0.02e-6, 0, {})] },
  { id: "simulated/rerank", kind: "rerank", contextLength: 4_096, places: [place("Cohere", 0.05e-6, 0, {})] },
];

const suffixes = new Set(["nitro", "floor", "online", "exacto", "thinking"]);

/** By its id, also with a suffix that only chooses among its places. */
export function findModel(id: string): SimulatedModel | undefined {
  const exact = simulatedModels.find((model) => model.id === id);
  const [base, suffix] = id.split(":");
  return exact ?? (suffixes.has(suffix ?? "") ? simulatedModels.find((model) => model.id === base) : undefined);
}

/** An entry of `GET /models`. https://openrouter.ai/docs/guides/overview/models */
export function describeModel(model: SimulatedModel): Record<string, unknown> {
  const [first] = model.places;
  const input = model.input ?? ["text"];
  return {
    id: model.id,
    canonical_slug: model.id,
    name: `Simulated: ${model.id}`,
    created: 1_750_000_000,
    description: "A model of the simulator.",
    context_length: model.contextLength,
    pricing: { prompt: toPrice(first?.prompt), completion: toPrice(first?.completion), request: "0", ...model.pricing },
    architecture: {
      modality: `${input.join("+")}->${model.kind}`,
      input_modalities: input,
      output_modalities: [model.kind],
      tokenizer: "Other",
      instruct_type: null,
    },
    top_provider: { context_length: model.contextLength, max_completion_tokens: 4_096, is_moderated: false },
    per_request_limits: null,
    supported_parameters: [...new Set(model.places.flatMap((each) => each.parameters))],
    default_parameters: null,
    supported_voices: null,
    links: { details: `/api/v1/models/${model.id}/endpoints` },
  };
}

/** https://openrouter.ai/docs/api-reference/list-endpoints-for-a-model */
export function describeEndpoints(model: SimulatedModel): Record<string, unknown> {
  const { id, name, created, description, architecture } = describeModel(model);
  return {
    id,
    name,
    created,
    description,
    architecture,
    endpoints: model.places.map((each) => describePlace(model, each)),
  };
}

function describePlace(model: SimulatedModel, each: SimulatedPlace): Record<string, unknown> {
  const spread = (middle: number, factor: number) => ({
    p50: middle,
    p75: middle * (1 + factor),
    p90: middle * (1 + 2 * factor),
    p99: middle * (1 + 4 * factor),
  });
  const hasTools = each.parameters.includes("tool_choice");
  return {
    name: `${each.provider} | ${model.id}`,
    model_id: model.id,
    model_name: `Simulated: ${model.id}`,
    context_length: model.contextLength,
    pricing: { prompt: toPrice(each.prompt), completion: toPrice(each.completion), request: "0" },
    provider_name: each.provider,
    tag: each.slug,
    quantization: each.quantization,
    max_completion_tokens: 4_096,
    max_prompt_tokens: model.contextLength,
    supported_parameters: each.parameters,
    uptime_last_5m: 100,
    uptime_last_30m: 99.8,
    uptime_last_1d: 99.6,
    supports_implicit_caching: false,
    // The vendor's SDK of September 2026 demands it; its specification of August does not know it yet.
    supports_tool_choice: { auto: hasTools, none: hasTools, required: hasTools, function: hasTools },
    latency_last_30m: spread(each.latencySeconds * 1_000, 0.3),
    throughput_last_30m: spread(each.throughput, -0.1),
    status: 0,
  };
}

/** Prices are strings without an exponent. */
function toPrice(usd = 0): string {
  return usd === 0 ? "0" : usd.toFixed(12).replace(/0+$/, "");
}
