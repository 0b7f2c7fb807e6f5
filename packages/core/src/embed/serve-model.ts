import { parentPort } from "node:worker_threads";

/** Parent → worker. */
export interface EncodeRequest {
  id: number;
  texts: string[];
}

/** Worker → parent. `failed` before `ready` means that the model cannot be used on this machine at all. */
export type WorkerMessage =
  | { type: "ready"; dimension: number }
  | { type: "failed"; reason: string }
  | { type: "encoded"; id: number; vectors: Float32Array<ArrayBuffer> }
  | { type: "refused"; id: number; reason: string };

export interface ServedModel {
  dimension: number;
  /** One row for each text, side by side. */
  encode(texts: readonly string[]): Float32Array<ArrayBuffer> | Promise<Float32Array<ArrayBuffer>>;
}

/** The worker's side of a `WorkerEmbedder`: loads the model, then answers one batch after the other. */
export async function serveModel(load: () => ServedModel | Promise<ServedModel>): Promise<void> {
  const port = parentPort;
  if (!port) return;
  const send = (message: WorkerMessage, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);
  let model: ServedModel;
  try {
    model = await load();
  } catch (error) {
    send({ type: "failed", reason: toReason(error) });
    port.close();
    return;
  }
  port.on("message", ({ id, texts }: EncodeRequest) => {
    Promise.try(() => model.encode(texts)).then(
      (vectors) => send({ type: "encoded", id, vectors }, [vectors.buffer]),
      (error: unknown) => send({ type: "refused", id, reason: toReason(error) }),
    );
  });
  send({ type: "ready", dimension: model.dimension });
}

function toReason(error: unknown): string {
  return error instanceof Error ? error.message : "unknown";
}
