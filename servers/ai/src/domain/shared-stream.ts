/** One reader's place in a {@link SharedStream}. `leave` must be called, however the reading ends. */
export interface StreamReader {
  /** The next event; `undefined` after the last one. Throws what the source threw, or the reason of the reader's signal. */
  next(): Promise<string | undefined>;
  leave(): void;
}

interface Member {
  position: number;
}

export interface SharedStreamOptions {
  source: AsyncGenerator<string, void, undefined>;
  /** Events that were already taken from the source. */
  first: readonly string[];
  /** Called when the last reader leaves before the end: cancels the source. */
  abandon(): void;
}

/** Beyond this nobody can join any more, and what all have read is let go. */
const joinableBytes = 1024 * 1024;
/** The fastest reader may be this far ahead of the slowest. */
const heldBytes = 4 * 1024 * 1024;

/**
 * One upstream stream for several equal requests. The source is read only when the fastest reader wants more, so a
 * single reader's back-pressure reaches the provider; a late reader first gets what the others already have.
 */
export class SharedStream {
  readonly #options: SharedStreamOptions;
  readonly #members = new Set<Member>();
  readonly #finished = Promise.withResolvers<void>();
  #events: string[];
  /** Position of the first event still held. */
  #base = 0;
  #bytes = 0;
  #pulling: Promise<void> | undefined;
  #room = Promise.withResolvers<void>();
  #ended = false;
  #abandoned = false;
  #error: { thrown: unknown } | undefined;

  constructor(options: SharedStreamOptions) {
    this.#options = options;
    this.#events = [...options.first];
    this.#bytes = this.#events.reduce((sum, event) => sum + event.length, 0);
  }

  /** Resolves when the source has ended, in whatever way. */
  get finished(): Promise<void> {
    return this.#finished.promise;
  }

  /** `undefined` when it is too late: given up by all others, or too long to be told from the beginning. */
  join(signal: AbortSignal): StreamReader | undefined {
    if (this.#abandoned || this.#base > 0) return undefined;
    const member: Member = { position: 0 };
    this.#members.add(member);
    const gone = Promise.withResolvers<never>();
    gone.promise.catch(() => {});
    const onAbort = () => gone.reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    return {
      next: () => this.#next(member, signal, gone.promise),
      leave: () => {
        signal.removeEventListener("abort", onAbort);
        this.#leave(member);
      },
    };
  }

  async #next(member: Member, signal: AbortSignal, gone: Promise<never>): Promise<string | undefined> {
    for (;;) {
      signal.throwIfAborted();
      const event = this.#events[member.position - this.#base];
      if (event !== undefined) {
        member.position += 1;
        this.#trim();
        return event;
      }
      if (this.#error) throw this.#error.thrown;
      if (this.#ended) return undefined;
      await Promise.race([this.#bytes > heldBytes ? this.#room.promise : this.#pull(), gone]);
    }
  }

  #pull(): Promise<void> {
    this.#pulling ??= this.#options.source
      .next()
      .then(
        (result) => {
          if (result.done) return this.#end();
          this.#events.push(result.value);
          this.#bytes += result.value.length;
        },
        (thrown: unknown) => {
          this.#error = { thrown };
          this.#end();
        },
      )
      .finally(() => {
        this.#pulling = undefined;
      });
    return this.#pulling;
  }

  #trim(): void {
    if (this.#bytes <= joinableBytes) return;
    const slowest = Math.min(...[...this.#members].map((member) => member.position));
    if (!Number.isFinite(slowest) || slowest <= this.#base) return;
    const dropped = this.#events.splice(0, slowest - this.#base);
    this.#base = slowest;
    for (const event of dropped) this.#bytes -= event.length;
    this.#room.resolve();
    this.#room = Promise.withResolvers<void>();
  }

  #leave(member: Member): void {
    if (!this.#members.delete(member)) return;
    if (this.#members.size > 0) {
      this.#trim();
      return;
    }
    if (this.#ended) return;
    this.#abandoned = true;
    this.#options.abandon();
    const end = () => this.#end();
    this.#options.source.return().then(end, end);
  }

  #end(): void {
    this.#ended = true;
    this.#finished.resolve();
  }
}
