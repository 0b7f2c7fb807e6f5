import type { Schema } from "./schema/schema.ts";
import type { EscValue } from "./value.ts";

/** Seals and opens static secrets. Ciphertext comes and goes without the `escx` envelope. */
export interface Crypter {
  encrypt(plaintext: Uint8Array): Promise<Uint8Array>;
  decrypt(ciphertext: Uint8Array): Promise<Uint8Array>;
}

/** Which environment asks: for an anonymous root, `root` is the first named one. */
export interface ProviderContext {
  values: ReadonlyMap<string, EscValue>;
  rootEnvironment: string;
  currentEnvironment: string;
  signal?: AbortSignal;
}

export type EscInputs = ReadonlyMap<string, EscValue>;

/** A source of values that `fn::open` reads. What it throws as an AppError becomes a diagnostic by its message. */
export interface OpenProvider {
  schema(): { inputs: Schema; outputs: Schema };
  open(inputs: EscInputs, context: ProviderContext): Promise<EscValue>;
}

/** A rotator of `fn::rotate`. `state` is undefined before the first rotation. */
export interface Rotator {
  schema(): { inputs: Schema; state: Schema; outputs: Schema };
  open(inputs: EscInputs, state: EscInputs | undefined, context: ProviderContext): Promise<EscValue>;
  rotate(inputs: EscInputs, state: EscInputs | undefined, context: ProviderContext): Promise<EscValue>;
}

/** What evaluation needs of the world. */
export interface Surroundings {
  /** Text and crypter of an imported environment ("project/name", "name", with optional "@version"). An AppError becomes a diagnostic. */
  loadEnvironment(name: string, signal?: AbortSignal): Promise<{ source: string; crypter: Crypter }>;
  /** Of the root environment. */
  crypter: Crypter;
  findProvider(name: string): OpenProvider | undefined;
  findRotator(name: string): Rotator | undefined;
  /** Plain values reachable as `${context.…}`, e.g. `{ pulumi: { user: { id: "…" } } }`. */
  context: Readonly<Record<string, unknown>>;
}
