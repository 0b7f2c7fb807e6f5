import { closeSync, fstatSync, openSync, readFileSync, readSync } from "node:fs";
import { join } from "node:path";

/** What is used of `model.json`. Whether it says the truth shows when tensors are read: their names, shapes and sizes. */
interface Manifest {
  weightsManifest: { paths: string[]; weights: { name: string; shape: number[] }[] }[];
}

export interface WeightFile {
  /**
   * The tensor whose name ends so, read to the beginning of `target` or into a new array. Throws when none or several
   * are called so, or when its shape differs (lengths of 1 left out).
   */
  read(nameEnding: string, shape: readonly number[], target?: Float32Array): Float32Array;
  close(): void;
}

interface Placed {
  name: string;
  shape: readonly number[];
  at: number;
  bytes: number;
}

/** One file, and the place of its first byte in all of them. */
interface Part {
  file: number;
  from: number;
  size: number;
}

/**
 * Weights as TensorFlow.js keeps them: `model.json` lists tensors of four-byte values one behind the other, cut into
 * files without regard to where one ends. Each tensor is read by itself, so that nothing is held twice. Synchronous:
 * for a worker thread.
 */
export function openWeightFile(directory: string): WeightFile {
  const { weightsManifest }: Manifest = JSON.parse(readFileSync(join(directory, "model.json"), "utf8"));
  const { paths, weights } = weightsManifest[0] ?? { paths: [], weights: [] };
  const placed: Placed[] = [];
  let at = 0;
  for (const { name, shape } of weights) {
    const bytes = shape.reduce((size, length) => size * length, 4);
    placed.push({ name, shape, at, bytes });
    at += bytes;
  }
  let from = 0;
  const parts = paths.map((path) => {
    const file = openSync(join(directory, path), "r");
    const part = { file, from, size: fstatSync(file).size };
    from += part.size;
    return part;
  });
  return {
    read(nameEnding, shape, target) {
      const found = placed.filter(({ name }) => name.endsWith(nameEnding));
      const [tensor] = found;
      if (!tensor || found.length > 1) throw new Error(`${found.length} weights are called ${nameEnding}`);
      if (tensor.shape.filter((length) => length !== 1).join() !== shape.join()) {
        throw new Error(`${nameEnding} has the shape ${tensor.shape.join()}, not ${shape.join()}`);
      }
      const floats = target?.subarray(0, tensor.bytes / 4) ?? new Float32Array(tensor.bytes / 4);
      readRange(parts, tensor, new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength));
      return floats;
    },
    close: () => parts.forEach(({ file }) => closeSync(file)),
  };
}

/** A tensor may lie in several files. */
function readRange(parts: readonly Part[], { at, bytes }: Placed, target: Uint8Array): void {
  let filled = 0;
  for (const { file, from, size } of parts) {
    while (filled < bytes && at + filled >= from && at + filled < from + size) {
      const length = Math.min(bytes - filled, from + size - at - filled);
      const count = readSync(file, target, filled, length, at + filled - from);
      if (count === 0) throw new Error("a file of weights became shorter while it was read");
      filled += count;
    }
  }
  if (filled < bytes) throw new Error("the files of weights are shorter than their list says");
}
