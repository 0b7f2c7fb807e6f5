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

export const defaultLimits: EvaluateLimits = {
  sourceBytes: 4 * 1024 * 1024,
  nodes: 300_000,
  depth: 200,
  textBytes: 16 * 1024 * 1024,
  environments: 2_000,
};
