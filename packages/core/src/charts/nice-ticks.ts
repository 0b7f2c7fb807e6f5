const mostSteps = 5;

/** Round numbers from 0 to the first at or above `largest`, at most five steps apart, with their texts. */
export function niceTicks(largest: number): { value: number; text: string }[] {
  const reach = largest > 0 && Number.isFinite(largest) ? largest : 1;
  const power = 10 ** Math.floor(Math.log10(reach / mostSteps));
  const factor = [1, 2, 5, 10].find((candidate) => candidate * power * mostSteps >= reach * (1 - 1e-12)) ?? 10;
  const step = factor * power;
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const count = Math.ceil(reach / step - 1e-9);
  return Array.from({ length: count + 1 }, (_value, index) => {
    const value = index * step;
    return { value, text: value.toFixed(Math.min(20, digits)) };
  });
}
