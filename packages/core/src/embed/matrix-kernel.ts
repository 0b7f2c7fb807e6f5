import { buildRoutine, floatBytes, panelColumns, routineType } from "./matrix-routine.ts";
import { list, moduleHeader, name, section, unsigned } from "./wasm-bytes.ts";

/** Rows of one block. Five rows by eight columns keep ten sums in registers, with two to spare of the fifteen there are. */
const maxRows = 5;
const pageBytes = 65_536;
const rowCounts = Array.from({ length: maxRows }, (_, index) => index + 1);

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
  /** Add to what stands at the output, instead of replacing it. */
  adds?: boolean;
}

export interface MatrixKernel {
  /** The whole memory. Its size never changes. */
  floats: Float32Array;
  /** The next free place for `length` floats, all zero. Throws a RangeError when the memory is used up. */
  reserve(length: number): number;
  /** Takes in a matrix, row by row. Its rows and its columns must be multiples of eight. */
  addMatrix(values: Float32Array, bias: Float32Array): PackedMatrix;
  multiply(product: Product): void;
}

/** What is used of the platform's WebAssembly, whose types come with the browser's. */
declare const WebAssembly: {
  Memory: new (limits: { initial: number }) => { buffer: ArrayBuffer };
  Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  validate(bytes: Uint8Array<ArrayBuffer>): boolean;
  Instance: new (module: object, imports: object) => { exports: Record<string, unknown> };
};

type Routine = (
  input: number,
  inputStrideBytes: number,
  blocks: number,
  panel: number,
  depth: number,
  output: number,
  outputStrideBytes: number,
  bias: number,
  floor: number,
) => void;

/** For one row to `maxRows` rows each. */
interface Routines {
  replacing: readonly Routine[];
  adding: readonly Routine[];
}

export interface KernelOptions {
  /** Multiply and add in one instruction, with one rounding, in half the time. Default: where the platform can. */
  fused?: boolean;
}

/** Whether the platform knows the instruction: Node 22 and later do. A processor without it takes two, and rounds twice. */
export function canFuse(): boolean {
  return WebAssembly.validate(buildModule(true));
}

/**
 * Matrix products in 128-bit WebAssembly. Each sum is taken in the order of depth, whatever the number of rows: a row's
 * result does not depend on the rows that share its batch. Between processors, and between fused and not, last bits
 * differ.
 */
export function createMatrixKernel(capacity: number, { fused = canFuse() }: KernelOptions = {}): MatrixKernel {
  const memory = new WebAssembly.Memory({ initial: Math.ceil((capacity * floatBytes) / pageBytes) });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(buildModule(fused)), { host: { memory } });
  const findRoutines = (kind: keyof Routines) => rowCounts.map((rows) => exports[`${kind}${rows}`] as Routine);
  const routines = { replacing: findRoutines("replacing"), adding: findRoutines("adding") };
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

function multiplyPanels(routines: Routines, product: Product): void {
  const { inputAt, inputStride, rows, matrix, outputAt, outputStride, adds = false } = product;
  const { floor = Number.NEGATIVE_INFINITY } = product;
  const chosen = adds ? routines.adding : routines.replacing;
  // Even shares: 11 rows are 4 + 4 + 3, because a single row would leave the adders waiting.
  const blocks = Math.ceil(rows / maxRows);
  const share = Math.ceil(rows / blocks);
  const full = rows - blocks * (share - 1);
  // A panel is read from memory once and then serves all rows from the first-level cache.
  for (let column = 0; column < matrix.columns; column += panelColumns) {
    const panel = (matrix.at + column * matrix.depth) * floatBytes;
    const bias = (matrix.biasAt + column) * floatBytes;
    const run = (size: number, count: number, row: number) => {
      const input = (inputAt + row * inputStride) * floatBytes;
      const output = (outputAt + row * outputStride + column) * floatBytes;
      const [inputBytes, outputBytes] = [inputStride * floatBytes, outputStride * floatBytes];
      chosen[size - 1]?.(input, inputBytes, count, panel, matrix.depth, output, outputBytes, bias, floor);
    };
    run(share, full, 0);
    if (full < blocks) run(share - 1, blocks - full, full * share);
  }
}

function buildModule(fused: boolean): Uint8Array<ArrayBuffer> {
  const routines = (["replacing", "adding"] as const).flatMap((kind) =>
    rowCounts.map((rows) => ({
      label: `${kind}${rows}`,
      body: buildRoutine({ rows, adds: kind === "adding", fused }),
    })),
  );
  return Uint8Array.from([
    ...moduleHeader,
    ...section(1, list([routineType])),
    ...section(2, list([[...name("host"), ...name("memory"), 0x02, 0x00, ...unsigned(1)]])),
    ...section(3, list(routines.map(() => [0x00]))),
    ...section(7, list(routines.map(({ label }, index) => [...name(label), 0x00, ...unsigned(index)]))),
    ...section(10, list(routines.map(({ body }) => body))),
  ]);
}
