import { embeddingModelName, type Exchange, type GatewayServices, sendJson } from "./exchange.ts";

/** https://platform.openai.com/docs/api-reference/models/list, with context and price beside it. */
export async function answerModels({ response }: Exchange, services: GatewayServices): Promise<void> {
  const offered = await services.models.list();
  const listed = offered.map((model) => ({
    id: model.id,
    object: "model",
    created: 0,
    owned_by: model.endpoint.service,
    mode: model.endpoint.mode,
    kind: model.kind,
    ...(model.contextLength !== undefined && { context_length: model.contextLength }),
    ...(model.price.origin !== "unknown" && {
      pricing: {
        input_usd_per_million: model.price.inputUsdPerMillion,
        output_usd_per_million: model.price.outputUsdPerMillion,
        as_of: model.price.asOf,
      },
    }),
  }));
  const embedding = {
    id: embeddingModelName,
    object: "model",
    created: 0,
    owned_by: "sophia",
    mode: "local",
    kind: "embedding",
  };
  const rerank = {
    id: "sophia-rerank",
    object: "model",
    created: 0,
    owned_by: "sophia",
    mode: "local",
    kind: "rerank",
  };
  sendJson(response, { object: "list", data: [...listed, embedding, rerank] });
}
