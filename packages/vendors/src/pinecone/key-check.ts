// https://docs.pinecone.io/reference/api/latest/control-plane/list_indexes
import type { KeyCheck } from "../probe-key.ts";

export const pineconeKeyCheck: KeyCheck = {
  service: "pinecone",
  title: "Pinecone",
  baseUrl: "https://api.pinecone.io",
  path: "/indexes",
  headers: { "x-pinecone-api-version": "2026-04" },
  auth: (secret) => ({ in: "header", name: "api-key", secret }),
};
