/** The data of each event of a text/event-stream, with its name where it has one. Comments are left out. */
export function readEvents(text: string): { event?: string; data: string }[] {
  return text.split(/\r?\n\r?\n/).flatMap((block) => {
    const lines = block.split(/\r?\n/);
    const valuesOf = (field: string): string[] =>
      lines
        .filter((line) => line.startsWith(`${field}:`))
        .map((line) => line.slice(field.length + 1).replace(/^ /, ""));
    const data = valuesOf("data");
    const event = valuesOf("event").at(-1);
    return data.length === 0 ? [] : [{ ...(event !== undefined && { event }), data: data.join("\n") }];
  });
}
