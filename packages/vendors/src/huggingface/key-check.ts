// https://huggingface.co/docs/hub/api
import type { KeyCheck } from "../probe-key.ts";

export const huggingfaceKeyCheck: KeyCheck = {
  service: "huggingface",
  title: "Hugging Face",
  baseUrl: "https://huggingface.co",
  path: "/api/whoami-v2",
  auth: (secret) => ({ in: "bearer", secret }),
};
