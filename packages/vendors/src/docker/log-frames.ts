/** One line a container wrote. The text is the container's own: untrusted. */
export interface LogLine {
  stream: "stdout" | "stderr";
  /** ISO 8601, as the Engine recorded it. */
  at: string | undefined;
  text: string;
}

interface Frame {
  stream: "stdout" | "stderr";
  payload: Buffer;
}

const headerBytes = 8;

/**
 * Splits the multiplexed log stream: each frame is one byte of stream (0 and 1 out, 2 error), three zero bytes, the
 * length as big-endian 32 bits, and the payload. A frame cut by a byte limit keeps what is there; bytes that are no
 * frame are returned as output, because losing log lines is worse than showing a stray byte.
 * https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Container/operation/ContainerAttach
 */
export function splitFrames(body: Buffer): Frame[] {
  const frames: Frame[] = [];
  let offset = 0;
  while (offset < body.length) {
    const kind = body[offset] ?? 0;
    const complete = offset + headerBytes <= body.length;
    if (!complete && kind <= 2) break;
    if (!complete || kind > 2 || body.readUIntBE(offset + 1, 3) !== 0) {
      frames.push({ stream: "stdout", payload: body.subarray(offset) });
      break;
    }
    const end = offset + headerBytes + body.readUInt32BE(offset + 4);
    frames.push({ stream: kind === 2 ? "stderr" : "stdout", payload: body.subarray(offset + headerBytes, end) });
    offset = end;
  }
  return frames;
}

/**
 * The lines of a log answer that was asked for with `timestamps=1`. With a TTY there are no frames and no second
 * stream. Frames of one stream are joined first: a multi-byte character may lie across two of them.
 */
export function parseLog(body: Buffer, tty: boolean): LogLine[] {
  const frames = tty ? [{ stream: "stdout" as const, payload: body }] : splitFrames(body);
  const runs: { stream: Frame["stream"]; payloads: Buffer[] }[] = [];
  for (const frame of frames) {
    const last = runs.at(-1);
    if (last?.stream === frame.stream) last.payloads.push(frame.payload);
    else runs.push({ stream: frame.stream, payloads: [frame.payload] });
  }
  return runs.flatMap((run) =>
    Buffer.concat(run.payloads)
      .toString("utf8")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => toLogLine(run.stream, line)),
  );
}

function toLogLine(stream: Frame["stream"], line: string): LogLine {
  const stamp = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)) ?/.exec(line);
  const text = stamp === null ? line : line.slice(stamp[0].length);
  return { stream, at: stamp?.[1], text: text.replace(/\r$/, "") };
}
