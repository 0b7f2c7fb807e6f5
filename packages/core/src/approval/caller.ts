export type Scope = "read" | "write" | "approve";

/** Who calls: the holder of a bearer, after authentication. */
export interface Caller {
  id: string;
  name: string;
  scopes: readonly Scope[];
}
