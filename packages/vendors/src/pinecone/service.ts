// https://docs.pinecone.io/reference/api/authentication
import { secretString } from "@sophia/core/config/parse-config";
import { defineService } from "@sophia/core/config/service";
import { z } from "zod";
import { createKeyProbe } from "../probe-key.ts";
import { resolveMode } from "../resolve-mode.ts";
import { pineconeKeyCheck } from "./key-check.ts";

const docsUrl = "https://app.pinecone.io/organizations/-/keys";

export const pinecone = defineService({
  id: "pinecone",
  title: "Pinecone",
  group: "bi",
  purpose: "Vector search at scale; without a key, an index of Sophia's own.",
  served: [],
  docsUrl,
  config: z.object({
    PINECONE_API_KEY: secretString().optional().describe("Key for Pinecone."),
    PINECONE_INDEX: z.string().optional().describe("Index to use when none is named."),
  }),
  keyShape: [
    { variable: "PINECONE_API_KEY", pattern: /^pcsk_[A-Za-z0-9_]{40,}$/, isDistinct: true },
    // Keys from before the prefix are plain UUIDs.
    {
      variable: "PINECONE_API_KEY",
      pattern: /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/,
      isDistinct: false,
    },
  ],
  modes: ({ config, simulate }) =>
    resolveMode({
      required: { PINECONE_API_KEY: config.PINECONE_API_KEY },
      local: "keeps vectors in its own index",
      simulate,
      docsUrl,
    }),
  probeKey: createKeyProbe(pineconeKeyCheck),
});
