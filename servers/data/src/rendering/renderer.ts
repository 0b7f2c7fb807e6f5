import { AppError } from "@sophia/core/errors/app-error";
import type { AddressPolicy } from "@sophia/core/http/address";
import type { Resolve } from "@sophia/core/http/guarded-dispatcher";
import type { Clock } from "@sophia/core/limits/clock";
import type { Logger } from "pino";
import type { FetchedBody } from "../fetching/page-fetcher.ts";
import { type ChromiumProcess, mayUseSandbox, startChromium } from "./chromium-process.ts";
import { DevtoolsError } from "./devtools-pipe.ts";
import { createGuardedProxy } from "./guarded-proxy.ts";
import { type RenderedPage, renderPage, type RenderRequest } from "./render-page.ts";

/** Pages as an installed Chromium shows them. It is started when first needed and ended when nobody needs it. */
export interface Renderer {
  /**
   * @throws AppError timeout (not shown in time), upstream (crashed, killed, too much to load), rate_limited (too many
   * wait), unavailable (does not start), and what the direct fetch throws for the page itself
   */
  render(request: RenderRequest, signal: AbortSignal): Promise<RenderedPage>;
  status(): { version: string | undefined; pid: number | undefined; isSandboxed: boolean; pages: number };
  close(): Promise<void>;
}

export interface RendererOptions {
  /** The program. */
  path: string;
  policy: AddressPolicy;
  resolve?: Resolve;
  loadDocument(url: string, signal: AbortSignal): Promise<FetchedBody>;
  userAgent: string;
  clock: Clock;
  log: Logger;
  /** For one page in all. Default 25 s. */
  deadlineMs?: number;
  /** What one page may load in all. Default 30 MB. */
  maxBytes?: number;
  /** Pages at a time. Default 2. */
  concurrency?: number;
}

const maxWaiting = 16;
const keepIdleMs = 60_000;

export function createRenderer(options: RendererOptions): Renderer {
  return new ChromiumRenderer(options);
}

class ChromiumRenderer implements Renderer {
  readonly #options: Required<Omit<RendererOptions, "resolve">> & Pick<RendererOptions, "resolve">;
  readonly #waiting: (() => void)[] = [];
  #active = 0;
  #browser: Promise<ChromiumProcess> | undefined;
  #running: { version: string | undefined; pid: number | undefined } = { version: undefined, pid: undefined };
  #idleTimer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: RendererOptions) {
    this.#options = { deadlineMs: 25_000, maxBytes: 30_000_000, concurrency: 2, ...options };
  }

  async render(request: RenderRequest, signal: AbortSignal): Promise<RenderedPage> {
    this.#options.policy.checkUrl(request.url);
    const deadline = AbortSignal.timeout(this.#options.deadlineMs);
    const both = AbortSignal.any([signal, deadline]);
    await this.#enter(both);
    try {
      return await this.#renderNow(request, both);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw deadline.aborted ? tooSlow(error) : toAnswer(error);
    } finally {
      this.#leave();
    }
  }

  status(): ReturnType<Renderer["status"]> {
    return { ...this.#running, isSandboxed: mayUseSandbox(), pages: this.#active };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#idleTimer);
    await this.#stopBrowser();
  }

  async #renderNow(request: RenderRequest, signal: AbortSignal): Promise<RenderedPage> {
    const { policy, resolve, maxBytes } = this.#options;
    const { devtools } = await this.#open();
    signal.throwIfAborted();
    const over = new AbortController();
    const onOver = (): void => over.abort(tooMuch(maxBytes));
    const proxy = await createGuardedProxy({ policy, maxBytes, onOver, ...(resolve && { resolve }) });
    const parts = { ...this.#options, devtools, proxyPort: proxy.port };
    try {
      return await renderPage(request, parts, AbortSignal.any([signal, over.signal]));
    } finally {
      await proxy.close();
    }
  }

  async #open(): Promise<ChromiumProcess> {
    if (this.#isClosed) throw new AppError("unavailable", "The server is stopping.");
    clearTimeout(this.#idleTimer);
    const running = await this.#browser?.catch(() => undefined);
    if (running && !running.devtools.isGone) return running;
    // Pages that wait for the same start share it.
    const { path, log } = this.#options;
    if (this.#starting) return await this.#starting;
    this.#browser = this.#starting = startChromium(path, log).finally(() => (this.#starting = undefined));
    const browser = await this.#browser;
    this.#running = { version: browser.version, pid: browser.pid };
    if (!this.#isClosed) return browser;
    await browser.stop();
    throw new AppError("unavailable", "The server is stopping.");
  }

  #starting: Promise<ChromiumProcess> | undefined;

  async #enter(signal: AbortSignal): Promise<void> {
    if (this.#active < this.#options.concurrency) {
      this.#active += 1;
      return;
    }
    if (this.#waiting.length >= maxWaiting) {
      throw new AppError("rate_limited", "Too many pages wait for the browser.", { retryAfterMs: 10_000 });
    }
    const turn = Promise.withResolvers<void>();
    this.#waiting.push(turn.resolve);
    const onAbort = (): void => {
      const index = this.#waiting.indexOf(turn.resolve);
      if (index < 0) return;
      this.#waiting.splice(index, 1);
      turn.reject(signal.reason);
    };
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      await turn.promise;
    } catch (error) {
      throw error instanceof DOMException && error.name === "TimeoutError" ? tooSlow(error) : error;
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** The place passes to who waits, else is free. */
  #leave(): void {
    const next = this.#waiting.shift();
    if (next) {
      next();
      return;
    }
    this.#active -= 1;
    if (this.#active > 0 || this.#isClosed) return;
    this.#idleTimer = setTimeout(() => void this.#stopBrowser(), keepIdleMs);
    this.#idleTimer.unref();
  }

  async #stopBrowser(): Promise<void> {
    const browser = await this.#browser?.catch(() => undefined);
    this.#browser = undefined;
    await browser?.stop();
  }
}

function toAnswer(error: unknown): unknown {
  if (!(error instanceof DevtoolsError)) return error;
  return new AppError(
    "upstream",
    error.isGone ? "The browser ended while it showed the page." : "The browser could not show the page.",
    {
      hint: "Try again; a new browser is started.",
      cause: error,
    },
  );
}

function tooSlow(cause: unknown): AppError {
  return new AppError("timeout", "The page was not shown in time.", {
    hint: "Try again later, or read it without its scripts.",
    cause,
  });
}

function tooMuch(maxBytes: number): AppError {
  return new AppError(
    "upstream",
    `The page loads more than ${Math.round(maxBytes / 1e6)} MB, the most that is loaded.`,
    {
      hint: "Read it without its scripts.",
      retryable: false,
    },
  );
}
