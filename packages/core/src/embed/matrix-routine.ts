import { type Bytes, code, list, unsigned, valueType } from "./wasm-bytes.ts";

/** Columns of one panel: two vectors of four floats. */
export const panelColumns = 8;
/** Steps of the inner product in one turn of the loop. Depths are multiples of it. */
export const depthStep = 8;
export const floatBytes = 4;

const vectors = panelColumns / 4;
const vectorBytes = 16;
const panelRowBytes = panelColumns * floatBytes;

const { i32, f32 } = valueType;
/** Places and strides in bytes; blocks and depth are counts. */
export const routineType: Bytes = [0x60, ...list([[i32], [i32], [i32], [i32], [i32], [i32], [i32], [i32], [f32]]), 0];
/** Numbers of a routine's parameters. */
const input = 0;
const inputStride = 1;
const blocks = 2;
const panel = 3;
const depth = 4;
const output = 5;
const outputStride = 6;
const bias = 7;
const floor = 8;
const parameters = 9;

export interface RoutineOptions {
  /** Rows of one block. */
  rows: number;
  /** Start from what stands at the output. */
  adds: boolean;
  /** Multiply and add in one instruction, with one rounding. */
  fused: boolean;
}

interface Variables {
  /** The place in each row of the input. */
  places: number[];
  /** The place in the panel, and where it ends. */
  weightPlace: number;
  end: number;
  /** Two vectors for each row. */
  sums: number[][];
  weights: number[];
  value: number;
}

/** One panel times all rows, a block after the other: output = max(floor, bias + Σ input · panel). */
export function buildRoutine({ rows, adds, fused }: RoutineOptions): Bytes {
  let next = parameters;
  const places = Array.from({ length: rows }, () => next++);
  const weightPlace = next++;
  const end = next++;
  const integers = next - parameters;
  const sums = Array.from({ length: rows }, () => Array.from({ length: vectors }, () => next++));
  const weights = Array.from({ length: vectors }, () => next++);
  const value = next++;
  const variables = { places, weightPlace, end, sums, weights, value };
  const body = [
    ...list([
      [...unsigned(integers), valueType.i32],
      [...unsigned(next - parameters - integers), valueType.v128],
    ]),
    ...code.get(depth),
    ...code.i32(panelRowBytes),
    ...code.multiplyI32,
    ...code.get(panel),
    ...code.addI32,
    ...code.set(end),
    ...code.repeatWhile([
      ...buildStart(variables, adds),
      code.repeatWhile(buildTurn(variables, fused)),
      ...buildEnd(variables),
      ...add(blocks, blocks, code.i32(-1)),
      code.get(blocks),
    ]),
    ...code.end,
  ];
  return [...unsigned(body.length), ...body];
}

function buildStart({ places, sums, weightPlace }: Variables, adds: boolean): Bytes[] {
  const outputPlace = weightPlace;
  return [
    ...places.flatMap((place) => [code.get(input), code.set(place), ...add(input, input, code.get(inputStride))]),
    code.get(output),
    code.set(outputPlace),
    ...sums.flatMap((row) => [
      ...row.flatMap((sum, index) => [
        code.get(bias),
        code.loadVector(index * vectorBytes),
        ...(adds ? [code.get(outputPlace), code.loadVector(index * vectorBytes), code.addVectors] : []),
        code.set(sum),
      ]),
      ...(adds ? add(outputPlace, outputPlace, code.get(outputStride)) : []),
    ]),
    code.get(panel),
    code.set(weightPlace),
  ];
}

/** Eight weights against one number of each row, once for each step of depth. */
function buildTurn({ places, sums, weights, value, weightPlace, end }: Variables, fused: boolean): Bytes[] {
  const addProduct = (sum: number, weight: number) => [
    code.get(value),
    code.get(weight),
    ...(fused ? [] : [code.multiplyVectors]),
    code.get(sum),
    fused ? code.multiplyAddVectors : code.addVectors,
    code.set(sum),
  ];
  const steps = Array.from({ length: depthStep }, (_, step) => [
    ...weights.flatMap((weight, index) => [
      code.get(weightPlace),
      code.loadVector(step * panelRowBytes + index * vectorBytes),
      code.set(weight),
    ]),
    ...places.flatMap((place, row) => [
      code.get(place),
      code.loadSpread(step * floatBytes),
      code.set(value),
      ...weights.flatMap((weight, index) => addProduct(sums[row]?.[index] ?? value, weight)),
    ]),
  ]);
  return [
    ...steps.flat(),
    ...places.flatMap((place) => add(place, place, code.i32(depthStep * floatBytes))),
    ...add(weightPlace, weightPlace, code.i32(depthStep * panelRowBytes)),
    code.get(weightPlace),
    code.get(end),
    code.lessUnsigned,
  ];
}

function buildEnd({ sums }: Variables): Bytes[] {
  const store = (sum: number, index: number) => [
    code.get(output),
    code.get(sum),
    code.get(floor),
    code.spreadFloat,
    code.largerVector,
    code.storeVector(index * vectorBytes),
  ];
  return sums.flatMap((row) => [...row.flatMap(store), ...add(output, output, code.get(outputStride))]);
}

function add(target: number, from: number, by: Bytes): Bytes[] {
  return [code.get(from), by, code.addI32, code.set(target)];
}
