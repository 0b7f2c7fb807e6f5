import { z } from "zod";
import { formatCommand } from "../../../config/command-line.ts";
import { AppError } from "../../../errors/app-error.ts";
import { formatEnvironmentId, parseEnvironmentId } from "../environment-id.ts";
import type { EnvironmentId } from "../secret-backend.ts";
import { createPartialKeyring, keyBytes, type Keyring } from "./keyring.ts";

/** Also how the scrubber and people recognise one. */
const prefix = "sophia_esc_";
/** Holds the keys of 1,001 environments with names as long as they may be. */
const maximumLength = 512 * 1024;

const Credential = z.object({
  version: z.literal(1),
  fingerprint: z.string(),
  keys: z.record(z.string(), z.string()),
});

/**
 * A credential for these environments and no other, to hand to one process: the text holds their keys. Throws AppError
 * `denied` when the keyring lacks one of them.
 */
export function formatCredential(keyring: Keyring, ids: readonly EnvironmentId[]): string {
  const keys = Object.fromEntries(
    ids.map((id) => [formatEnvironmentId(id), Buffer.from(keyring.exportKey(id)).toString("base64url")]),
  );
  const fingerprint = Buffer.from(keyring.exportFingerprintKey()).toString("base64url");
  const content: z.input<typeof Credential> = { version: 1, fingerprint, keys };
  return prefix + Buffer.from(JSON.stringify(content)).toString("base64url");
}

/** The keyring inside a credential. Throws AppError `not_configured` for a text that is none; its text is not quoted. */
export function parseCredential(text: string): Keyring {
  const trimmed = text.trim();
  if (!trimmed.startsWith(prefix) || trimmed.length > maximumLength) throw noCredential();
  try {
    const json: unknown = JSON.parse(Buffer.from(trimmed.slice(prefix.length), "base64url").toString("utf8"));
    const { keys, fingerprint } = Credential.parse(json);
    const entries = Object.entries(keys).map(([name, key]) => [canonical(name), parseKey(key)] as const);
    return createPartialKeyring(new Map(entries), parseKey(fingerprint));
  } catch {
    // Without the cause: a parser's error may quote a part of a key.
    throw noCredential();
  }
}

function canonical(name: string): string {
  return formatEnvironmentId(parseEnvironmentId(name));
}

function parseKey(text: string): Uint8Array {
  const key = Buffer.from(text, "base64url");
  if (key.length !== keyBytes) throw noCredential();
  return key;
}

function noCredential(): AppError {
  return new AppError("not_configured", "This is not a credential for secrets, or only a part of one.", {
    hint: `A credential starts with ${prefix}; make one with \`${formatCommand("secrets credential")}\`.`,
  });
}
