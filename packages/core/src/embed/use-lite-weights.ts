import { createMatrixKernel, type KernelOptions, type MatrixKernel, type PackedMatrix } from "./matrix-kernel.ts";
import { openWeightFile, type WeightFile } from "./weight-file.ts";

export const hiddenSize = 512;
export const innerSize = 1536;
export const pieceSize = 256;
export const headCount = 4;
const pieceCount = 8002;
/** Floats of all weights and a little for the ends of their places. */
const weightCapacity = 7_000_000;

export interface Norm {
  scale: Float32Array;
  bias: Float32Array;
}

export interface TransformerLayer {
  /** Of the layer's input: 256 in the first layer, 512 in the second. */
  inputSize: number;
  attentionNorm: Norm;
  queryKeyValue: PackedMatrix;
  attentionOutput: PackedMatrix;
  innerNorm: Norm;
  inner: PackedMatrix;
  innerOutput: PackedMatrix;
}

export interface UseLiteWeights {
  kernel: MatrixKernel;
  /** Where the vectors of the vocabulary begin, 256 floats each. */
  piecesAt: number;
  pieceCount: number;
  /** Of the position signal: 128, one for each sine and cosine. */
  frequencies: Float32Array;
  /** Brings the first layer's input to the size of its output. */
  residual: PackedMatrix;
  layers: readonly [TransformerLayer, TransformerLayer];
  output: PackedMatrix;
}

/** Reads the weights into a kernel that has `scratch` more floats to spare. Throws when they are not those of USE-lite. */
export function readUseLiteWeights(
  directory: string,
  { scratch, ...options }: KernelOptions & { scratch: number },
): UseLiteWeights {
  const file = openWeightFile(directory);
  try {
    const kernel = createMatrixKernel(weightCapacity + scratch, options);
    const piecesAt = kernel.reserve(pieceCount * pieceSize);
    file.read("module/Embeddings_en", [pieceCount, pieceSize], kernel.floats.subarray(piecesAt));
    const staging = new Float32Array(hiddenSize * innerSize);
    return {
      kernel,
      piecesAt,
      pieceCount,
      frequencies: file.read("TimingSignal/ExpandDims_1", [pieceSize / 2]),
      residual: kernel.addMatrix(
        file.read("Layer_0/TransformerLayer/dense/kernel/ConcatPartitions/concat", [pieceSize, hiddenSize], staging),
        file.read("Layer_0/TransformerLayer/dense/bias/ConcatPartitions/concat", [hiddenSize]),
      ),
      layers: [readLayer(file, kernel, { index: 0, staging }), readLayer(file, kernel, { index: 1, staging })],
      output: kernel.addMatrix(
        file.read("tanh_layer_0/weights", [hiddenSize, hiddenSize], staging),
        file.read("tanh_layer_0/bias", [hiddenSize]),
      ),
    };
  } finally {
    file.close();
  }
}

function readLayer(
  file: WeightFile,
  kernel: MatrixKernel,
  { index, staging }: { index: number; staging: Float32Array },
): TransformerLayer {
  const inputSize = index === 0 ? pieceSize : hiddenSize;
  const layer = `Layer_${index}/TransformerLayer`;
  const concatenated = "ConcatPartitions/concat";

  function readNorm(part: string, size: number): Norm {
    const norm = `Encode/${layer}/${part}layer_prepostprocess/layer_norm/layer_norm`;
    return {
      scale: file.read(`${norm}_scale/${concatenated}`, [size]),
      bias: file.read(`${norm}_bias/${concatenated}`, [size]),
    };
  }
  function addMatrix(weights: string, bias: string, [depth, columns]: [number, number]): PackedMatrix {
    return kernel.addMatrix(
      file.read(`${layer}/${weights}`, [depth, columns], staging),
      file.read(`${layer}/${bias}/${concatenated}`, [columns]),
    );
  }
  const attention = "MultiheadAttention";
  return {
    inputSize,
    attentionNorm: readNorm("", inputSize),
    queryKeyValue: addMatrix(
      `${attention}/qkv_transform_single/kernel/part_0`,
      `${attention}/qkv_transform_single/bias`,
      [inputSize, 3 * inputSize],
    ),
    attentionOutput: addMatrix(
      `${attention}/output_transform_single/kernel/part_0`,
      `${attention}/output_transform_single/bias`,
      [inputSize, hiddenSize],
    ),
    innerNorm: readNorm("FFN/", hiddenSize),
    inner: addMatrix("FFN/conv1/Tensordot/Reshape_1", "FFN/conv1/bias", [hiddenSize, innerSize]),
    innerOutput: addMatrix("FFN/conv2/Tensordot/Reshape_1", "FFN/conv2/bias", [innerSize, hiddenSize]),
  };
}
