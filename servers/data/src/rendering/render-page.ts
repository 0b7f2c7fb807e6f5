import { AppError } from "@sophia/core/errors/app-error";
import type { AddressPolicy } from "@sophia/core/http/address";
import type { Clock } from "@sophia/core/limits/clock";
import type { FetchedBody } from "../fetching/page-fetcher.ts";
import { DevtoolsError, type DevtoolsEvent, type DevtoolsPipe } from "./devtools-pipe.ts";
import { closeWays, hasSelector, takeShownHtml } from "./page-scripts.ts";

export interface RenderRequest {
  url: string;
  /** A CSS selector that must be there before the page is read; without it the page is read when its network is idle. */
  waitFor?: string;
  wantScreenshot?: boolean;
  /** The page itself, when it has been fetched already. */
  document?: FetchedBody;
}

export interface RenderedPage {
  finalUrl: string;
  /** What the browser shows, without what it hides. */
  html: string;
  screenshotPng: Buffer | undefined;
  /** The answer of the site to the page itself. */
  document: FetchedBody;
}

export interface RenderParts {
  devtools: DevtoolsPipe;
  policy: AddressPolicy;
  clock: Clock;
  /** Main documents, with the manners of every direct fetch: robots.txt, pace, guard. */
  loadDocument(url: string, signal: AbortSignal): Promise<FetchedBody>;
  userAgent: string;
  proxyPort: number;
}

interface PausedRequest {
  requestId: string;
  request: { url: string; method: string };
  resourceType: string;
  frameId: string;
}

const viewport = { width: 1280, height: 900, deviceScaleFactor: 1, mobile: false };
const idleMs = 8_000;
const selectorMs = 15_000;
const pollMs = 100;
const maxNavigations = 4;
const maxTries = 4;
const maxPictureHeight = 8_000;
const heavyTypes: ReadonlySet<string> = new Set(["Image", "Media", "Font"]);

/** One page in a context of its own, which is gone with its cookies and stores when this ends. */
export async function renderPage(
  request: RenderRequest,
  parts: RenderParts,
  signal: AbortSignal,
): Promise<RenderedPage> {
  const { devtools } = parts;
  const { browserContextId } = await devtools.send<{ browserContextId: string }>("Target.createBrowserContext", {
    disposeOnDetach: true,
    proxyServer: `127.0.0.1:${parts.proxyPort}`,
    proxyBypassList: "<-loopback>",
  });
  try {
    await devtools.send("Browser.setDownloadBehavior", { behavior: "deny", browserContextId });
    const target = { url: "about:blank", browserContextId };
    const { targetId } = await devtools.send<{ targetId: string }>("Target.createTarget", target);
    const attach = { targetId, flatten: true };
    const { sessionId } = await devtools.send<{ sessionId: string }>("Target.attachToTarget", attach);
    return await new PageVisit(request, { ...parts, sessionId, targetId }, signal).run();
  } finally {
    await devtools.send("Target.disposeBrowserContext", { browserContextId }).catch(() => {});
  }
}

class PageVisit {
  readonly #request: RenderRequest;
  readonly #parts: RenderParts & { sessionId: string; targetId: string };
  readonly #signal: AbortSignal;
  readonly #idle = Promise.withResolvers<void>();
  readonly #failed = Promise.withResolvers<never>();
  #document: FetchedBody | undefined;
  /** The browser has been given `#document`. */
  #isAnswered = false;
  #navigations = 0;
  #blankLoader: string | undefined;

  constructor(
    request: RenderRequest,
    parts: RenderParts & { sessionId: string; targetId: string },
    signal: AbortSignal,
  ) {
    this.#request = request;
    this.#parts = parts;
    this.#signal = signal;
    this.#document = request.document;
    this.#failed.promise.catch(() => {});
  }

  async run(): Promise<RenderedPage> {
    const { devtools, sessionId } = this.#parts;
    const stop = devtools.listen(sessionId, (event) => this.#on(event));
    try {
      await this.#prepare();
      await this.#inTime(this.#navigate());
      await this.#inTime(this.#settle());
      const screenshotPng = this.#request.wantScreenshot === true ? await this.#inTime(this.#takePicture()) : undefined;
      const html = await this.#inTime(this.#takeHtml());
      if (!this.#document || !this.#isAnswered) throw noDocument();
      return { finalUrl: this.#document.finalUrl, html, screenshotPng, document: this.#document };
    } finally {
      stop();
    }
  }

  async #prepare(): Promise<void> {
    const [, { frameTree }] = await Promise.all([
      this.#send("Page.enable"),
      this.#send<{ frameTree: { frame: { loaderId: string } } }>("Page.getFrameTree"),
      this.#send("Page.setLifecycleEventsEnabled", { enabled: true }),
      this.#send("Network.enable"),
      this.#send("Network.setBypassServiceWorker", { bypass: true }),
      this.#send("Fetch.enable", { patterns: [{ urlPattern: "*", requestStage: "Request" }] }),
      this.#send("Emulation.setDeviceMetricsOverride", viewport),
      this.#send("Emulation.setUserAgentOverride", { userAgent: this.#parts.userAgent }),
      this.#send("Page.addScriptToEvaluateOnNewDocument", { source: closeWays }),
    ]);
    this.#blankLoader = frameTree.frame.loaderId;
  }

  async #navigate(): Promise<void> {
    const { errorText } = await this.#send<{ errorText?: string }>("Page.navigate", {
      url: this.#document?.finalUrl ?? this.#request.url,
    });
    if (errorText !== undefined && errorText !== "" && !this.#isAnswered) throw noDocument(errorText);
  }

  /** Until what was wanted is there, or nothing more comes. A page that never rests is read as it is after a while. */
  async #settle(): Promise<void> {
    const { clock } = this.#parts;
    const { waitFor } = this.#request;
    if (waitFor === undefined) {
      const rest = new AbortController();
      const later = clock.sleep(idleMs, AbortSignal.any([this.#signal, rest.signal])).catch(() => {});
      await Promise.race([this.#idle.promise, later]);
      rest.abort();
      return;
    }
    for (let waitedMs = 0; waitedMs < selectorMs; waitedMs += pollMs) {
      const found = await this.#evaluate<boolean | string>(hasSelector(waitFor)).catch(unlessGone);
      if (found === true) return;
      if (found === "wrong") throw new AppError("invalid_input", "The selector to wait for is no CSS selector.");
      await clock.sleep(pollMs, this.#signal);
    }
    throw new AppError("upstream", "What was to be waited for did not appear on the page.", {
      hint: "Check the selector, or leave it out to read the page as it is.",
      retryable: false,
    });
  }

  async #takePicture(): Promise<Buffer> {
    const { cssContentSize } = await this.#send<{ cssContentSize: { height: number } }>("Page.getLayoutMetrics");
    const height = Math.min(Math.max(viewport.height, Math.ceil(cssContentSize.height)), maxPictureHeight);
    const clip = { x: 0, y: 0, width: viewport.width, height, scale: 1 };
    const picture = { format: "png", captureBeyondViewport: true, clip };
    const { data } = await this.#send<{ data: string }>("Page.captureScreenshot", picture);
    return Buffer.from(data, "base64");
  }

  async #takeHtml(): Promise<string> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#evaluate<string>(takeShownHtml);
      } catch (error) {
        // Scripts led on at this very moment.
        if (tries === maxTries || unlessGone(error)) throw error;
        await this.#parts.clock.sleep(pollMs * 5, this.#signal);
      }
    }
  }

  async #evaluate<Result>(expression: string): Promise<Result> {
    const world = { frameId: this.#parts.targetId, worldName: "sophia", grantUniveralAccess: false };
    const { executionContextId } = await this.#send<{ executionContextId: number }>("Page.createIsolatedWorld", world);
    const call = { expression, contextId: executionContextId, returnByValue: true, timeout: 10_000 };
    const { result } = await this.#send<{ result: { value: unknown } }>("Runtime.evaluate", call);
    // The script is ours and says what it gives.
    return result.value as Result;
  }

  #on({ method, params }: DevtoolsEvent): void {
    if (method === "Fetch.requestPaused") {
      const paused = params as unknown as PausedRequest;
      this.#decide(paused).catch(() => (this.#isPage(paused) ? this.#stay(paused) : this.#refuse(paused)));
    } else if (method === "Page.lifecycleEvent" && params["frameId"] === this.#parts.targetId) {
      // The empty page that a tab begins with is idle, too.
      const isOurs = this.#isAnswered && params["loaderId"] !== this.#blankLoader;
      if (params["name"] === "networkIdle" && isOurs) this.#idle.resolve();
    } else if (method === "Page.javascriptDialogOpening") {
      void this.#send("Page.handleJavaScriptDialog", { accept: false }).catch(() => {});
    } else if (method === "Inspector.targetCrashed") {
      this.#failed.reject(crashed());
    }
  }

  async #decide(paused: PausedRequest): Promise<void> {
    const { requestId, request, resourceType } = paused;
    this.#parts.policy.checkUrl(request.url);
    if (this.#isPage(paused)) return await this.#answerDocument(paused);
    if (heavyTypes.has(resourceType) && this.#request.wantScreenshot !== true) return this.#refuse(paused);
    await this.#send("Fetch.continueRequest", { requestId });
  }

  /** The page itself comes through the direct fetch; so does whatever its scripts lead on to. */
  async #answerDocument(paused: PausedRequest): Promise<void> {
    const { requestId, request } = paused;
    const url = withoutFragment(request.url);
    try {
      if (this.#document && withoutFragment(this.#document.finalUrl) === url && !this.#isAnswered) {
        this.#isAnswered = true;
        return await this.#fulfil(requestId, this.#document);
      }
      if (request.method !== "GET" || (this.#navigations += 1) > maxNavigations) return this.#stay(paused);
      const document = await this.#parts.loadDocument(url, this.#signal);
      this.#document = document;
      this.#isAnswered = withoutFragment(document.finalUrl) === url;
      if (this.#isAnswered) await this.#fulfil(requestId, document);
      else await this.#send("Fetch.fulfillRequest", redirectTo(requestId, document.finalUrl));
    } catch (error) {
      // What went wrong with the page is the answer; what its scripts led on to is not.
      if (this.#navigations <= 1) this.#failed.reject(error);
      throw error;
    }
  }

  async #fulfil(requestId: string, { body, contentType }: FetchedBody): Promise<void> {
    const responseHeaders = [{ name: "content-type", value: contentType ?? "text/html" }];
    const answer = { requestId, responseCode: 200, responseHeaders, body: body.toString("base64") };
    await this.#send("Fetch.fulfillRequest", answer);
  }

  #isPage({ resourceType, frameId }: PausedRequest): boolean {
    return resourceType === "Document" && frameId === this.#parts.targetId;
  }

  /** An answer without content leaves the page that is there; an error would take its place. */
  #stay({ requestId }: PausedRequest): void {
    void this.#send("Fetch.fulfillRequest", { requestId, responseCode: 204 }).catch(() => {});
  }

  #refuse({ requestId }: PausedRequest): void {
    void this.#send("Fetch.failRequest", { requestId, errorReason: "AccessDenied" }).catch(() => {});
  }

  async #inTime<T>(work: Promise<T>): Promise<T> {
    const aborted = Promise.withResolvers<never>();
    const onAbort = (): void => aborted.reject(this.#signal.reason);
    this.#signal.throwIfAborted();
    this.#signal.addEventListener("abort", onAbort, { once: true });
    work.catch(() => {});
    try {
      return await Promise.race([work, this.#failed.promise, aborted.promise]);
    } finally {
      this.#signal.removeEventListener("abort", onAbort);
    }
  }

  #send<Result>(method: string, params: object = {}): Promise<Result> {
    return this.#parts.devtools.send<Result>(method, params, this.#parts.sessionId);
  }
}

/** While one page gives way to the next there is nothing to ask. */
function unlessGone(error: unknown): false {
  if (error instanceof DevtoolsError && !error.isGone) return false;
  throw error;
}

function withoutFragment(url: string): string {
  return url.replace(/#.*$/s, "");
}

function redirectTo(requestId: string, location: string): object {
  return { requestId, responseCode: 302, responseHeaders: [{ name: "location", value: location }], body: "" };
}

function crashed(): AppError {
  return new AppError("upstream", "The page made its browser crash.", {
    hint: "Try again once, or read another address of the site.",
  });
}

function noDocument(cause?: string): AppError {
  return new AppError("upstream", "The browser could not show the page.", {
    hint: "Try again later, or read it without its scripts.",
    ...(cause !== undefined && { cause: new Error(cause) }),
  });
}
