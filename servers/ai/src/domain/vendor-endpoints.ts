import { createHuggingFaceProfile } from "@sophia/vendors/huggingface/provider";
import type { huggingface } from "@sophia/vendors/huggingface/service";
import type { ModelEndpoint } from "@sophia/vendors/openai-shape/model-endpoint";
import { openrouterProvider } from "@sophia/vendors/openrouter/provider";
import type { openrouter } from "@sophia/vendors/openrouter/service";
import { createPortkeyProfile } from "@sophia/vendors/portkey/provider";
import type { portkey } from "@sophia/vendors/portkey/service";
import { togetherProvider } from "@sophia/vendors/together/provider";
import type { together } from "@sophia/vendors/together/service";
import type { z } from "zod";

/** The settings of the providers that speak the OpenAI shape, as their services describe them. */
export type VendorSettings = z.output<typeof openrouter.config> &
  z.output<typeof together.config> &
  z.output<typeof huggingface.config> &
  z.output<typeof portkey.config>;

/** One endpoint for each provider that has a key, the one with the most models first. */
export function readVendorEndpoints(settings: VendorSettings): ModelEndpoint[] {
  const { PORTKEY_BASE_URL: baseUrl, PORTKEY_CONFIG: config, PORTKEY_PROVIDER: provider } = settings;
  return [
    { profile: openrouterProvider, apiKey: settings.OPENROUTER_API_KEY },
    { profile: togetherProvider, apiKey: settings.TOGETHER_API_KEY },
    { profile: createHuggingFaceProfile({ billTo: settings.HF_BILL_TO }), apiKey: settings.HF_TOKEN },
    { profile: createPortkeyProfile({ baseUrl, config, provider }), apiKey: settings.PORTKEY_API_KEY },
  ].flatMap(({ profile, apiKey }) =>
    apiKey === undefined
      ? []
      : [{ service: profile.service, mode: "live" as const, baseUrl: profile.baseUrl, apiKey, models: [], profile }],
  );
}
