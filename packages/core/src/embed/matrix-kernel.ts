import { type Bytes, code, list, moduleHeader, name, section, unsigned, valueType } from "./wasm-bytes.ts";

/** Columns of one panel: two vectors of four floats. */
export const panelColumns = 8;
/** Rows of one call. Five rows by eight columns keep ten sums in registers, with three to spare of the fifteen there are. */
const maxRows = 5;
/** Steps of the inner product in one turn of the loop. Depths are multiples of it. */
export const depthStep = 4;
const floatBytes = 4;
const pageBytes = 65_536;

/** A matrix [depth × columns] laid out for the kernel: panels of eight columns, each row of a panel side by side. */
export interface PackedMatrix {
  /** Where it begins. All places here count floats, not bytes. */
  at: number;
  depth: number;
  columns: number;
  /** Where one float for each column begins, the value a sum starts with. */
  biasAt: number;
}

export interface Product {
  /** First row of the left matrix, and the floats from one row to the next. */
  inputAt: number;
  inputStride: number;
  rows: number;
  matrix: PackedMatrix;
  outputAt: number;
  outputStride: number;
  /** Results below this become this: 0 is a rectifier. Default: no floor. */
  floor?: number;
}

export interface MatrixKernel {
  /** The whole memory. Its size never changes. */
  floats: Float32Array;
  /** The next free place for `length` floats, all zero. Throws a RangeError when the memory is used up. */
  reserve(length: number): number;
  /** Takes in a matrix, row by row. Its rows must be a multiple of four, its columns of eight. */
  addMatrix(values: Float32Array, bias: Float32Array): PackedMatrix;
  multiply(product: Product): void;
}

/** What is used of the platform's WebAssembly, whose types come with the browser's. */
declare const WebAssembly: {
  Memory: new (limits: { initial: number }) => { buffer: ArrayBuffer };
  Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  Instance: new (module: object, imports: object) => { exports: Record<string, unknown> };
};

type Routine = (
  input: number,
  inputStrideBytes: number,
  panel: number,
  depth: number,
  output: number,
  outputStrideBytes: number,
  bias: number,
  floor: number,
) => void;

/**
 * Matrix products in 128-bit WebAssembly: about 16 billion multiply-adds a second on one 3 GHz core. Each sum is taken
 * in the order of depth, with a rounding after each step, whatever the number of rows: a vector does not depend on the
 * processor, nor on the texts that shared its batch.
 */
export function createMatrixKernel(capacity: number): MatrixKernel {
  const memory = new WebAssembly.Memory({ initial: Math.ceil((capacity * floatBytes) / pageBytes) });
  const bytes = buildModule();
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { host: { memory } });
  const routines = Array.from({ length: maxRows }, (_, index) => exports[`rows${index + 1}`] as Routine);
  const floats = new Float32Array(memory.buffer);
  let used = 0;
  function reserve(length: number): number {
    const at = used;
    used += Math.ceil(length / panelColumns) * panelColumns;
    if (used > capacity) throw new RangeError("the kernel's memory is used up");
    return at;
  }
  return {
    floats,
    reserve,
    addMatrix(values, bias) {
      const columns = bias.length;
      const matrix = { at: reserve(values.length), depth: values.length / columns, columns, biasAt: reserve(columns) };
      packPanels(floats, matrix, values);
      floats.set(bias, matrix.biasAt);
      return matrix;
    },
    multiply: (product) => multiplyPanels(routines, product),
  };
}

function packPanels(floats: Float32Array, { at, depth, columns }: PackedMatrix, values: Float32Array): void {
  let target = at;
  for (let column = 0; column < columns; column += panelColumns) {
    for (let row = 0; row < depth; row += 1) {
      const source = row * columns + column;
      for (let lane = 0; lane < panelColumns; lane += 1) floats[target + lane] = values[source + lane] ?? 0;
      target += panelColumns;
    }
  }
}

function multiplyPanels(routines: readonly Routine[], product: Product): void {
  const { inputAt, inputStride, rows, matrix, outputAt, outputStride, floor = Number.NEGATIVE_INFINITY } = product;
  const blocks = Math.ceil(rows / maxRows);
  // A panel is read from memory once and then serves all rows from the first-level cache.
  for (let column = 0; column < matrix.columns; column += panelColumns) {
    const panel = (matrix.at + column * matrix.depth) * floatBytes;
    let row = 0;
    for (let block = 0; block < blocks; block += 1) {
      // Even shares: 11 rows are 4 + 4 + 3, because a single row would leave the adders waiting.
      const share = Math.ceil((rows - row) / (blocks - block));
      const input = (inputAt + row * inputStride) * floatBytes;
      const output = (outputAt + row * outputStride + column) * floatBytes;
      const bias = (matrix.biasAt + column) * floatBytes;
      const routine = routines[share - 1];
      routine?.(input, inputStride * floatBytes, panel, matrix.depth, output, outputStride * floatBytes, bias, floor);
      row += share;
    }
  }
}

function buildModule(): Uint8Array<ArrayBuffer> {
  const { i32, f32 } = valueType;
  const routineType = [0x60, ...list([[i32], [i32], [i32], [i32], [i32], [i32], [i32], [f32]]), 0];
  const rows = Array.from({ length: maxRows }, (_, index) => index + 1);
  return Uint8Array.from([
    ...moduleHeader,
    ...section(1, list([routineType])),
    ...section(2, list([[...name("host"), ...name("memory"), 0x02, 0x00, ...unsigned(1)]])),
    ...section(3, list(rows.map(() => [0x00]))),
    ...section(7, list(rows.map((count, index) => [...name(`rows${count}`), 0x00, ...unsigned(index)]))),
    ...section(10, list(rows.map((count) => buildRoutine(count)))),
  ]);
}

/** Numbers of a routine's parameters and variables. */
const input = 0;
const inputStride = 1;
const panel = 2;
const depth = 3;
const output = 4;
const outputStride = 5;
const bias = 6;
const floor = 7;
const parameters = 8;
const vectors = panelColumns / 4;
const panelRowBytes = panelColumns * floatBytes;

interface Variables {
  /** The place in each row of the input. */
  places: number[];
  end: number;
  /** Two vectors for each row. */
  sums: number[][];
  weights: number[];
  value: number;
}

/** One panel times `rows` rows: output = max(floor, bias + Σ input · panel). */
function buildRoutine(rows: number): Bytes {
  let next = parameters;
  const otherRows = Array.from({ length: rows - 1 }, () => next++);
  const end = next++;
  const integers = next - parameters;
  const sums = Array.from({ length: rows }, () => Array.from({ length: vectors }, () => next++));
  const weights = Array.from({ length: vectors }, () => next++);
  const value = next++;
  const variables = { places: [input, ...otherRows], end, sums, weights, value };
  const body = [
    ...list([
      [...unsigned(integers), valueType.i32],
      [...unsigned(next - parameters - integers), valueType.v128],
    ]),
    ...buildStart(variables).flat(),
    ...code.repeatWhile(buildTurn(variables)),
    ...buildEnd(variables).flat(),
    ...code.end,
  ];
  return [...unsigned(body.length), ...body];
}

function buildStart({ places, sums, end }: Variables): Bytes[] {
  return [
    ...places.slice(1).flatMap((place, index) => add(place, places[index] ?? input, code.get(inputStride))),
    ...sums.flatMap((row) => row.flatMap((sum, index) => [code.get(bias), code.loadVector(index * 16), code.set(sum)])),
    code.get(depth),
    code.i32(panelRowBytes),
    code.multiplyI32,
    code.set(end),
    ...add(end, end, code.get(panel)),
  ];
}

/** Four steps of depth: eight weights against one number of each row, four times. */
function buildTurn({ places, sums, weights, value, end }: Variables): Bytes[] {
  const addProduct = (sum: number, weight: number) => [
    code.get(value),
    code.get(weight),
    code.multiplyVectors,
    code.get(sum),
    code.addVectors,
    code.set(sum),
  ];
  const steps = Array.from({ length: depthStep }, (_, step) => [
    ...weights.flatMap((weight, index) => [
      code.get(panel),
      code.loadVector(step * panelRowBytes + index * 16),
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
    ...add(panel, panel, code.i32(depthStep * panelRowBytes)),
    code.get(panel),
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
    code.storeVector(index * 16),
  ];
  return sums.flatMap((row) => [...row.flatMap(store), ...add(output, output, code.get(outputStride))]);
}

function add(target: number, from: number, by: Bytes): Bytes[] {
  return [code.get(from), by, code.addI32, code.set(target)];
}
