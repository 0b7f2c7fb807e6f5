import { relative } from "node:path";

const patienceMs = 3 * 60_000;
const lookMs = 60_000;

/** What the runner tells of a file. */
interface File {
  moduleId: string;
}

/**
 * Names the test files that have been running for minutes, once a minute, while they run. The runner itself names a
 * file when it has ended: one that hangs, in its imports or in an endless loop, would be cut without a name.
 */
export class SlowFileReporter {
  readonly #startedAt = new Map<string, number>();
  readonly #now: () => number;
  readonly #say: (line: string) => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(now = () => performance.now(), say = (line: string): void => void process.stderr.write(`${line}\n`)) {
    this.#now = now;
    this.#say = say;
  }

  onTestRunStart(): void {
    this.#timer = setInterval(() => this.tell(), lookMs).unref();
  }

  /** A worker has taken the file and loads it. */
  onTestModuleQueued({ moduleId }: File): void {
    this.#startedAt.set(moduleId, this.#now());
  }

  onTestModuleEnd({ moduleId }: File): void {
    this.#startedAt.delete(moduleId);
  }

  onTestRunEnd(): void {
    clearInterval(this.#timer);
  }

  tell(): void {
    for (const [moduleId, startedAt] of this.#startedAt) {
      const ranMs = this.#now() - startedAt;
      if (ranMs < patienceMs) continue;
      this.#say(`Still running after ${Math.round(ranMs / 1_000)} s: ${relative(process.cwd(), moduleId)}`);
    }
  }
}
