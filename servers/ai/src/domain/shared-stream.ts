/** Who reads a {@link SharedStream}. All are called in the turn in which the source has something. */
export interface PieceReader {
  /** Whole events, as bytes. After `false` nothing more comes until `resume`. */
  write(piece: Buffer): boolean;
  end(): void;
  fail(error: unknown): void;
}

interface Member {
  reader: PieceReader;
  position: number;
  /** It takes nothing right now. */
  full: boolean;
  done: boolean;
}

export interface SharedStreamOptions {
  /** Some reader wants more again, after `push` said false. */
  resume(): void;
  /** Called when the last reader leaves before the end: cancels the source. */
  abandon(): void;
}

/** Beyond this nobody can join any more, and what all have read is let go. */
const joinableBytes = 1024 * 1024;
/** The fastest reader may be this far ahead of the slowest. */
const heldBytes = 4 * 1024 * 1024;

/**
 * One upstream stream for several equal requests. Its source is held up when no reader wants more, so a single reader's
 * back-pressure reaches the provider; a late reader first gets what the others already have.
 */
export class SharedStream {
  readonly #options: SharedStreamOptions;
  readonly #members = new Set<Member>();
  #pieces: Buffer[] = [];
  /** Position of the first piece still held. */
  #base = 0;
  #bytes = 0;
  #ended = false;
  #abandoned = false;
  #error: { thrown: unknown } | undefined;
  #joined = false;

  constructor(options: SharedStreamOptions) {
    this.#options = options;
  }

  /** False: nobody wants more before `resume` is called. */
  push(piece: Buffer): boolean {
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    for (const member of this.#members) this.#feed(member);
    this.#trim();
    return this.#wantsMore();
  }

  end(): void {
    this.#ended = true;
    for (const member of this.#members) this.#feed(member);
  }

  fail(thrown: unknown): void {
    this.#error = { thrown };
    this.end();
  }

  /** `undefined` when it is too late: given up by all others, or too long to be told from the beginning. */
  join(reader: PieceReader): { resume(): void; leave(): void } | undefined {
    if (this.#abandoned || this.#base > 0) return undefined;
    const member: Member = { reader, position: 0, full: false, done: false };
    this.#members.add(member);
    this.#joined = true;
    this.#feed(member);
    if (this.#wantsMore()) this.#options.resume();
    return {
      resume: () => {
        member.full = false;
        this.#feed(member);
        this.#trim();
        if (this.#wantsMore()) this.#options.resume();
      },
      leave: () => this.#leave(member),
    };
  }

  #feed(member: Member): void {
    while (!member.full && !member.done) {
      const piece = this.#pieces[member.position - this.#base];
      if (piece !== undefined) {
        member.position += 1;
        member.full = !member.reader.write(piece);
      } else if (this.#ended) {
        member.done = true;
        if (this.#error) member.reader.fail(this.#error.thrown);
        else member.reader.end();
      } else return;
    }
  }

  #wantsMore(): boolean {
    if (this.#ended) return false;
    // Until the first has joined, what fits in memory is taken.
    if (!this.#joined) return this.#bytes <= joinableBytes;
    if (this.#bytes > heldBytes) return false;
    for (const { full } of this.#members) if (!full) return true;
    return false;
  }

  #trim(): void {
    if (this.#bytes <= joinableBytes || this.#members.size === 0) return;
    let slowest = Infinity;
    for (const { position } of this.#members) slowest = Math.min(slowest, position);
    if (slowest <= this.#base) return;
    const dropped = this.#pieces.splice(0, slowest - this.#base);
    this.#base = slowest;
    for (const piece of dropped) this.#bytes -= piece.length;
  }

  #leave(member: Member): void {
    if (!this.#members.delete(member)) return;
    if (this.#members.size > 0) {
      this.#trim();
      if (this.#wantsMore()) this.#options.resume();
      return;
    }
    if (this.#ended) return;
    this.#abandoned = true;
    this.#options.abandon();
  }
}
