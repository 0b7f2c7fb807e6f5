/** A span as it arrived over OTLP. */
export interface ReceivedSpan {
  traceId: string;
  spanId: string;
  parentSpanId: string;
  name: string;
  startNano: bigint;
  endNano: bigint;
  statusCode: "OK" | "ERROR" | "UNSET";
  statusMessage: string;
  attributes: Record<string, unknown>;
  resource: Record<string, unknown>;
}

interface Field {
  number: number;
  /** Bytes of a length-delimited field, else the number. */
  bytes: Buffer;
  value: bigint;
}

/**
 * ExportTraceServiceRequest in the wire format of protocol buffers, the fields this needs.
 * https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/trace/v1/trace.proto
 * Throws RangeError for bytes that are none.
 */
export function readOtlp(body: Buffer): ReceivedSpan[] {
  return all(body, 1).flatMap((resourceSpans) => {
    const [resource] = all(resourceSpans, 1);
    const attributes = resource ? readAttributes(all(resource, 1)) : {};
    return all(resourceSpans, 2).flatMap((scope) => all(scope, 2).map((span) => readSpan(span, attributes)));
  });
}

function readSpan(span: Buffer, resource: Record<string, unknown>): ReceivedSpan {
  const fields = readFields(span);
  const first = (number: number): Field | undefined => fields.find((field) => field.number === number);
  const status = first(15) ? readFields(first(15)?.bytes ?? Buffer.alloc(0)) : [];
  const code = Number(status.find(({ number }) => number === 3)?.value ?? 0n);
  return {
    traceId: first(1)?.bytes.toString("hex") ?? "",
    spanId: first(2)?.bytes.toString("hex") ?? "",
    parentSpanId: first(4)?.bytes.toString("hex") ?? "",
    name: first(5)?.bytes.toString("utf8") ?? "",
    startNano: first(7)?.value ?? 0n,
    endNano: first(8)?.value ?? 0n,
    statusCode: code === 1 ? "OK" : code === 2 ? "ERROR" : "UNSET",
    statusMessage: status.find(({ number }) => number === 2)?.bytes.toString("utf8") ?? "",
    attributes: readAttributes(fields.filter(({ number }) => number === 9).map(({ bytes }) => bytes)),
    resource,
  };
}

function readAttributes(pairs: readonly Buffer[]): Record<string, unknown> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const [key, value] = [all(pair, 1)[0], all(pair, 2)[0]];
      return [key?.toString("utf8") ?? "", value && readValue(value)];
    }),
  );
}

/** AnyValue: string 1, bool 2, int 3, double 4, array 5. */
function readValue(any: Buffer): unknown {
  const [field] = readFields(any);
  if (!field) return undefined;
  if (field.number === 1) return field.bytes.toString("utf8");
  if (field.number === 2) return field.value === 1n;
  if (field.number === 3) return Number(BigInt.asIntN(64, field.value));
  if (field.number === 4) return field.bytes.readDoubleLE(0);
  if (field.number === 5) return all(field.bytes, 1).map(readValue);
  return undefined;
}

function all(message: Buffer, number: number): Buffer[] {
  return readFields(message).flatMap((field) => (field.number === number ? [field.bytes] : []));
}

function readFields(message: Buffer): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): bigint => {
    let [value, shift] = [0n, 0n];
    for (;;) {
      const byte = message.readUInt8(at++);
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
      shift += 7n;
    }
  };
  while (at < message.length) {
    const tag = Number(varint());
    const [number, type] = [tag >> 3, tag & 7];
    const size = type === 2 ? Number(varint()) : type === 1 ? 8 : type === 5 ? 4 : 0;
    if (type !== 0 && type !== 1 && type !== 2 && type !== 5) throw new RangeError(`wire type ${type}`);
    if (at + size > message.length) throw new RangeError("cut short");
    const bytes = message.subarray(at, at + size);
    const value = type === 0 ? varint() : type === 1 ? bytes.readBigUInt64LE(0) : 0n;
    at += size;
    fields.push({ number, bytes, value });
  }
  return fields;
}
