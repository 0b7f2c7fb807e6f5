const strengths = [30, 100, 300, 1_000, 3_000, 10_000];
/** Standard deviations: a prompt of an unheard-of length is not worth more than a very long one. */
const furthest = 3;

export type Predict = (input: readonly number[]) => number;

/**
 * Ridge regression on inputs of mean 0 and deviation 1. Its strength is the one with the least squared error when each
 * row is left out in turn (in closed form; Allen 1974), so that it is chosen on what it is fitted to alone.
 */
export function fitRidge(inputs: readonly (readonly number[])[], targets: readonly number[]): Predict {
  const mean = targets.reduce((total, value) => total + value, 0) / targets.length;
  const scale = createScale(inputs);
  const scaled = inputs.map(scale);
  const products = scaled[0]!.map((_, row) => scaled[0]!.map((_value, column) => sumOver(scaled, row, column)));
  const moments = scaled[0]!.map((_, column) =>
    scaled.reduce((total, input, index) => total + input[column]! * (targets[index]! - mean), 0),
  );
  const fits = strengths.map((strength) => {
    const inverse = invert(
      products.map((row, at) => row.map((value, column) => value + (at === column ? strength : 0))),
    );
    const weights = inverse.map((row) => dot(row, moments));
    let error = 0;
    for (const [index, input] of scaled.entries()) {
      const leverage =
        1 / scaled.length + input.reduce((total, value, row) => total + value * dot(inverse[row]!, input), 0);
      error += ((targets[index]! - mean - dot(weights, input)) / (1 - leverage)) ** 2;
    }
    return { weights, error };
  });
  const { weights } = fits.reduce((best, fit) => (fit.error < best.error ? fit : best));
  return (input) => mean + dot(weights, scale(input));
}

function createScale(inputs: readonly (readonly number[])[]): (input: readonly number[]) => number[] {
  const count = inputs.length;
  const means = inputs[0]!.map((_, column) => inputs.reduce((total, input) => total + input[column]!, 0) / count);
  const deviations = means.map((mean, column) =>
    Math.sqrt(inputs.reduce((total, input) => total + (input[column]! - mean) ** 2, 0) / count),
  );
  return (input) =>
    input.map((value, column) => {
      const deviation = deviations[column]!;
      return deviation < 1e-9 ? 0 : Math.max(-furthest, Math.min(furthest, (value - means[column]!) / deviation));
    });
}

/** Gauss-Jordan; positive definite, so that no pivot has to be looked for. */
function invert(matrix: readonly (readonly number[])[]): number[][] {
  const size = matrix.length;
  const work = matrix.map((row, at) => [
    ...row,
    ...Array.from({ length: size }, (_, column) => (column === at ? 1 : 0)),
  ]);
  for (let pivot = 0; pivot < size; pivot += 1) {
    const row = work[pivot]!;
    const divisor = row[pivot]!;
    for (let column = 0; column < size * 2; column += 1) row[column]! /= divisor;
    for (const [at, other] of work.entries()) {
      const factor = other[pivot]!;
      if (at === pivot || factor === 0) continue;
      for (let column = 0; column < size * 2; column += 1) other[column]! -= factor * row[column]!;
    }
  }
  return work.map((row) => row.slice(size));
}

function sumOver(rows: readonly (readonly number[])[], left: number, right: number): number {
  let total = 0;
  for (const row of rows) total += row[left]! * row[right]!;
  return total;
}

function dot(left: readonly number[], right: readonly number[]): number {
  let total = 0;
  for (let index = 0; index < left.length; index += 1) total += left[index]! * right[index]!;
  return total;
}
