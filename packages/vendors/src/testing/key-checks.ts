import type { KeyCheck } from "../probe-key.ts";
import { apifyKeyCheck } from "../apify/key-check.ts";
import { arizeKeyCheck } from "../arize/key-check.ts";
import { githubKeyCheck } from "../github/key-check.ts";
import { huggingfaceKeyCheck } from "../huggingface/key-check.ts";
import { lambdaKeyCheck } from "../lambda/key-check.ts";
import { openrouterKeyCheck } from "../openrouter/key-check.ts";
import { phantombusterKeyCheck } from "../phantombuster/key-check.ts";
import { pineconeKeyCheck } from "../pinecone/key-check.ts";
import { portkeyKeyCheck } from "../portkey/key-check.ts";
import { pulumiKeyCheck } from "../pulumi/key-check.ts";
import { tavilyKeyCheck } from "../tavily/key-check.ts";
import { togetherKeyCheck } from "../together/key-check.ts";
import { twinglyKeyCheck } from "../twingly/key-check.ts";
import { zenrowsKeyCheck } from "../zenrows/key-check.ts";

/** Of all services that have one, for tests. */
export const keyChecks: readonly KeyCheck[] = [
  arizeKeyCheck,
  openrouterKeyCheck,
  portkeyKeyCheck,
  huggingfaceKeyCheck,
  togetherKeyCheck,
  apifyKeyCheck,
  phantombusterKeyCheck,
  twinglyKeyCheck,
  tavilyKeyCheck,
  zenrowsKeyCheck,
  pulumiKeyCheck,
  lambdaKeyCheck,
  githubKeyCheck,
  pineconeKeyCheck,
];
