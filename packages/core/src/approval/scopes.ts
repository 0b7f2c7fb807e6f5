import type { Scope } from "./caller.ts";

export const scopeOrder: readonly Scope[] = ["read", "write", "approve"];

/** As stored: separated by blanks, in one order. */
export function formatScopes(scopes: readonly Scope[]): string {
  return scopeOrder.filter((scope) => scopes.includes(scope)).join(" ");
}

/** Unknown words give no right. */
export function parseScopes(text: string): Scope[] {
  const words = text.split(" ");
  return scopeOrder.filter((scope) => words.includes(scope));
}
