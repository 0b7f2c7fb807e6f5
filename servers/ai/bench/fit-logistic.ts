const iterations = 150;
const rate = 4;
const decay = 1e-3;

/** Logistic regression with weight decay by plain gradient descent with momentum: the usual simple rival. */
export function fitLogistic(
  inputs: readonly Float32Array[],
  targets: readonly number[],
): (input: Float32Array) => number {
  const dimension = inputs[0]?.length ?? 0;
  const weights = new Float64Array(dimension);
  const velocity = new Float64Array(dimension + 1);
  let bias = 0;
  const predict = (input: Float32Array) => {
    let sum = bias;
    for (let index = 0; index < dimension; index += 1) sum += weights[index]! * input[index]!;
    return 1 / (1 + Math.exp(-sum));
  };
  for (let iteration = 0; iteration < iterations; iteration += 1) {
    const gradient = new Float64Array(dimension + 1);
    for (const [row, input] of inputs.entries()) {
      const error = predict(input) - targets[row]!;
      for (let index = 0; index < dimension; index += 1) gradient[index]! += error * input[index]!;
      gradient[dimension]! += error;
    }
    for (let index = 0; index <= dimension; index += 1) {
      const pull = index < dimension ? decay * weights[index]! : 0;
      velocity[index] = 0.9 * velocity[index]! - rate * (gradient[index]! / inputs.length + pull) * 0.1;
      if (index < dimension) weights[index]! += velocity[index]!;
      else bias += velocity[index]!;
    }
  }
  return predict;
}
