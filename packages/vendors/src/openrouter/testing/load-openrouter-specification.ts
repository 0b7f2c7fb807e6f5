import { findNode } from "@sophia/core/testing/contract/schema-node";
import { loadSpecification, type Specification } from "@sophia/core/testing/contract/specification";

/** Headers that OpenRouter documents on pages of their own, not in its file. */
const headers = [
  "http-referer",
  // https://openrouter.ai/docs/app-attribution
  "x-openrouter-title",
  "x-openrouter-categories",
  // https://openrouter.ai/docs/guides/features/response-caching
  "x-openrouter-cache",
  "x-openrouter-cache-ttl",
];

/** Members of answers that came after the file: `@openrouter/sdk` 1.3.19, of the same vendor, demands them. */
const newer = {
  places: { supports_tool_choice: { type: "object", additionalProperties: { type: "boolean" } } },
  key: {
    organization_id: { type: ["string", "null"] },
    workspace_id: { type: ["string", "null"] },
    allowed_data_regions: { type: "array", items: { type: "string" } },
    free_model_daily_requests: { type: "object", additionalProperties: { type: "integer" } },
  },
};

export function loadOpenRouterSpecification(file: string): Specification {
  return loadSpecification(file, {
    headers,
    correct(document) {
      const place = findNode(document, "#/components/schemas/PublicEndpoint/properties");
      const answer = "#/paths/~1key/get/responses/200/content/application~1json/schema/properties/data/properties";
      Object.assign(place?.schema ?? {}, newer.places);
      Object.assign(findNode(document, answer)?.schema ?? {}, newer.key);
    },
  });
}
