// https://huggingface.co/docs/hub/security-tokens
import { secretString } from "@sophia/core/config/parse-config";
import { defineService } from "@sophia/core/config/service";
import { z } from "zod";
import { createKeyProbe } from "../probe-key.ts";
import { resolveMode } from "../resolve-mode.ts";
import { huggingfaceKeyCheck } from "./key-check.ts";

const docsUrl = "https://huggingface.co/settings/tokens";

export const huggingface = defineService({
  id: "huggingface",
  title: "Hugging Face",
  group: "ai",
  purpose: "Open models through its router, or from an own endpoint (TEI, vLLM).",
  served: ["live", "local", "simulated"],
  docsUrl,
  config: z.object({
    HF_TOKEN: secretString().optional().describe("Token with the right to make calls to Inference Providers."),
    HF_BILL_TO: z.string().optional().describe("Organisation that pays for the calls."),
  }),
  keyShape: [
    { variable: "HF_TOKEN", pattern: /^hf_[A-Za-z0-9]{30,}$/, isDistinct: true },
    // Organisations' own tokens, not made any more since 2023: https://github.com/huggingface/hub-docs/pull/913
    { variable: "HF_TOKEN", pattern: /^api_org_[A-Za-z0-9]{30,}$/, isDistinct: true },
  ],
  modes: ({ config, facts, simulate }) =>
    resolveMode({
      required: { HF_TOKEN: config.HF_TOKEN },
      local: facts.modelEndpoints.length > 0 ? `${facts.modelEndpoints.join(" and ")} answers` : undefined,
      simulate,
      docsUrl,
      alternative:
        "start a model server on this machine (Ollama, vLLM, llama.cpp), or set SOPHIA_OPENAI_BASE_URL and SOPHIA_OPENAI_API_KEY",
    }),
  probeKey: createKeyProbe(huggingfaceKeyCheck),
});
