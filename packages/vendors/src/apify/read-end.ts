/** The last bytes of a stream as text, cut at a line where it is cut at all. Reads it to its end, keeps only that much. */
export async function readEnd(
  chunks: AsyncIterable<Buffer>,
  maxBytes: number,
): Promise<{ text: string; isCut: boolean }> {
  const kept: Buffer[] = [];
  let bytes = 0;
  let isCut = false;
  for await (const chunk of chunks) {
    kept.push(chunk);
    bytes += chunk.length;
    for (let first = kept[0]; first && bytes - first.length >= maxBytes; first = kept[0]) {
      kept.shift();
      bytes -= first.length;
      isCut ||= first.length > 0;
    }
  }
  const whole = Buffer.concat(kept);
  const end = whole.subarray(Math.max(0, whole.length - maxBytes));
  isCut ||= end.length < whole.length;
  const lineStart = isCut ? end.indexOf("\n") + 1 : 0;
  return { text: end.subarray(lineStart).toString("utf8"), isCut };
}
