import { hash } from "node:crypto";
import { AppError, toAppError } from "../../../errors/app-error.ts";
import { evaluate } from "../../esc/evaluate.ts";
import type { Evaluation } from "../../esc/evaluation.ts";
import type { Crypter, OpenProvider, Rotator, Surroundings } from "../../esc/surroundings.ts";
import { formatEnvironmentId } from "../environment-id.ts";
import type { EnvironmentId } from "../secret-backend.ts";
import { parseEnvironmentReference } from "../environment-reference.ts";
import type { LocalStore } from "./local-store.ts";

/** Where `fn::open` and `fn::rotate` find what they name. */
export interface ProviderSet {
  findProvider?(name: string): OpenProvider | undefined;
  findRotator?(name: string): Rotator | undefined;
}

/** Import as it was written → the revision file it led to, or `missing`. */
export type Closure = ReadonlyMap<string, string>;

export interface LocalEvaluation extends Evaluation {
  closure: Closure;
  /** An import or a provider that was not to be had just now, or not with this key: no fault of any text. */
  failure: AppError | undefined;
}

export interface EvaluationRequest {
  /** Undefined for a text that is not stored. */
  id: EnvironmentId | undefined;
  source: string;
  mode: "check" | "open" | "rotate";
  paths?: readonly string[] | undefined;
  signal?: AbortSignal | undefined;
}

export interface LocalEvaluator {
  evaluate(request: EvaluationRequest): Promise<LocalEvaluation>;
  /** What an import leads to now. */
  stampOf(reference: string): Promise<string>;
}

export function createLocalEvaluator(store: LocalStore, providers: ProviderSet): LocalEvaluator {
  const { author, keyring } = store;
  const loader = createLoader(store);

  return {
    stampOf: loader.stampOf,
    async evaluate({ id, source, mode, paths, signal }) {
      const closure = new Map<string, string>();
      let failure: AppError | undefined;
      const surroundings: Surroundings = {
        async loadEnvironment(reference) {
          try {
            return await loader.load(reference, { mode, closure });
          } catch (thrown) {
            const error = toAppError(thrown);
            if (error.kind !== "not_found" && error.kind !== "invalid_input") failure ??= error;
            throw error;
          }
        },
        crypter: id === undefined ? anonymousCrypter : lazyCrypter(() => keyring.crypter(id)),
        findProvider: (name) => {
          const provider = providers.findProvider?.(name);
          return provider && watchProvider(provider, (error) => (failure ??= error));
        },
        findRotator: (name) => providers.findRotator?.(name),
        context: { pulumi: { user: { id: author, login: author }, organization: { login: "local" } } },
      };
      const evaluation = await evaluate({
        name: id === undefined ? "<yaml>" : formatEnvironmentId(id),
        source,
        mode,
        surroundings,
        ...(paths !== undefined && { rotatePaths: paths }),
        ...(signal !== undefined && { signal }),
      });
      return { ...evaluation, closure, failure };
    },
  };
}

/** A provider that is away is an outage of the store, which may pass; one that refuses is a matter for the text. */
function watchProvider(provider: OpenProvider, onOutage: (error: AppError) => void): OpenProvider {
  return {
    schema: () => provider.schema(),
    async open(inputs, context) {
      try {
        return await provider.open(inputs, context);
      } catch (thrown) {
        if (thrown instanceof AppError && thrown.retryable) onOutage(thrown);
        throw thrown;
      }
    },
  };
}

interface Loader {
  stampOf(reference: string): Promise<string>;
  /** Notes in `closure` what the reference led to. */
  load(
    reference: string,
    into: { mode: EvaluationRequest["mode"]; closure: Map<string, string> },
  ): Promise<{ source: string; crypter: Crypter }>;
}

function createLoader(store: LocalStore): Loader {
  const { files, keyring } = store;

  async function locate(reference: string): Promise<{ id: EnvironmentId; revision: number; stamp: string }> {
    const { id, revision } = parseEnvironmentReference(reference);
    if (revision === undefined) return { id, ...(await files.head(id)) };
    const number = await store.resolve(id, revision);
    return { id, revision: number, stamp: await files.stampOf(id, number) };
  }

  return {
    async stampOf(reference) {
      try {
        return (await locate(reference)).stamp;
      } catch (thrown) {
        const { kind } = toAppError(thrown);
        if (kind === "not_found" || kind === "invalid_input") return "missing";
        throw thrown;
      }
    },
    async load(reference, { mode, closure }) {
      closure.set(reference, "missing");
      const { id, revision, stamp } = await locate(reference);
      closure.set(reference, stamp);
      // Also when the import holds no secret: a credential opens what it was made for and nothing else.
      const crypter = mode === "check" ? lazyCrypter(() => keyring.crypter(id)) : keyring.crypter(id);
      return { source: (await files.read(id, revision)).yaml, crypter };
    },
  };
}

/** One short text that changes when any part of the closure does. */
export function digestClosure(root: string, closure: Closure): string {
  const parts = [...closure].map(([reference, stamp]) => `${reference}=${stamp}`).sort();
  return hash("sha256", [root, ...parts].join("\n")).slice(0, 32);
}

/** A text without secrets needs no key, so a credential without one is refused only when it matters. */
export function lazyCrypter(find: () => Crypter): Crypter {
  return {
    encrypt: async (plaintext) => await find().encrypt(plaintext),
    decrypt: async (ciphertext) => await find().decrypt(ciphertext),
  };
}

const anonymousCrypter: Crypter = {
  encrypt: () => Promise.reject(noKey()),
  decrypt: () => Promise.reject(noKey()),
};

function noKey(): AppError {
  return new AppError("denied", "A definition that is not stored has no key: its ciphertext cannot be opened.", {
    hint: "Store it as an environment, or write the secret in the clear.",
  });
}
