import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { ensureKeyFile } from "../config/key-file.ts";

/** The key that seals plans: one for all processes of a data directory, made by whichever comes first. */
export function ensurePlanKey(dataDir: string): Buffer {
  return ensureKeyFile(join(dataDir, "plan-key"), () => randomBytes(32));
}
