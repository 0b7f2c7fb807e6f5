import type { Evaluation } from "./evaluation.ts";
import type { Surroundings } from "./surroundings.ts";

/** Where evaluation gives up. What goes beyond is refused with a diagnostic that says where. */
export interface EvaluateLimits {
  /** Bytes of one definition. */
  sourceBytes: number;
  /** Values made and copied, in all. */
  nodes: number;
  /** Nesting of lists and objects. */
  depth: number;
  /** Bytes of text made by interpolation and builtins, in all. */
  textBytes: number;
  /** Environments loaded, the root included. */
  environments: number;
}

export interface EvaluateOptions {
  /** The root environment's name; "<yaml>" for an anonymous one. */
  name: string;
  /** YAML text. */
  source: string;
  mode: "check" | "open" | "rotate";
  /** Mode "rotate": property paths below `values`; all when empty or absent. */
  rotatePaths?: readonly string[];
  /** Mode "check": decrypt static secrets, which are otherwise unknown. */
  showSecrets?: boolean;
  surroundings: Surroundings;
  limits?: Partial<EvaluateLimits>;
  signal?: AbortSignal;
}

/** Evaluates an environment definition and all that it imports. Never throws for any text: what is wrong is in the diagnostics. */
export async function evaluate(options: EvaluateOptions): Promise<Evaluation> {
  void options;
  return { diagnostics: [], rotations: [], patches: [] };
}
