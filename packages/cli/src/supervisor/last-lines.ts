const maxLines = 20;
const maxLineLength = 2_000;

/** Keeps the end of a child's stderr, so that a crash can be explained without its whole log. */
export class LastLines {
  #lines: string[] = [];
  #rest = "";

  add(chunk: string): void {
    const parts = (this.#rest + chunk).split("\n");
    // A line without an end must not grow without bound.
    this.#rest = (parts.pop() ?? "").slice(-maxLineLength);
    for (const line of parts) if (line.trim() !== "") this.#lines.push(line.slice(0, maxLineLength));
    this.#lines = this.#lines.slice(-maxLines);
  }

  read(): string[] {
    return this.#rest.trim() === "" ? [...this.#lines] : [...this.#lines, this.#rest];
  }

  clear(): void {
    this.#lines = [];
    this.#rest = "";
  }
}
