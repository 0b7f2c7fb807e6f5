import type { Secret } from "./secret.ts";

/** Told after each call that was made with a credential: the value it was made with, and whether that was accepted. */
export type SecretUse = (used: Secret, accepted: boolean) => void;
