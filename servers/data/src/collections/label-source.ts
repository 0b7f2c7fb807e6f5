/** How a source is shown, and kept with its documents: what was simulated says so wherever it turns up later. */
export function labelSource(name: string, mode: string | null): string {
  return mode === "simulated" ? `${name} (simulated)` : name;
}
