import type { Keyring } from "./keyring.ts";

/** What people compare, the same wherever it is shown: 16 hex digits of an HMAC, equal for equal values. */
export function shortFingerprint(keyring: Pick<Keyring, "fingerprint">, value: string): string {
  return keyring.fingerprint(value).slice(0, 16);
}
