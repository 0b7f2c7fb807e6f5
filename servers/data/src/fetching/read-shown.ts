import { AppError } from "@sophia/core/errors/app-error";
import type { Clock } from "@sophia/core/limits/clock";
import type { Logger } from "pino";
import { decodeText } from "../domain/charset.ts";
import type { ExtractedPage } from "../domain/extract-page.ts";
import type { RenderRequest } from "../rendering/render-page.ts";
import type { Renderer } from "../rendering/renderer.ts";
import type { Extractor } from "./extractor.ts";
import { toLogAddress } from "./log-address.ts";
import type { FetchedBody } from "./page-fetcher.ts";

/** A page as its reader would see it, and the HTML that is from. */
interface ShownPage {
  page: ExtractedPage;
  document: FetchedBody;
  rendering?: "rendered" | "failed";
  screenshotPng?: Buffer;
}

/** How a page is to be shown, when it is to be. */
export type RenderWish = Pick<RenderRequest, "waitFor" | "wantScreenshot">;

interface Parts {
  extractor: Extractor;
  renderer?: Pick<Renderer, "render"> | undefined;
  clock: Clock;
  log: Logger;
}

const littleText = 200;
const shellCharacters = 500_000;
/** Where frameworks put what they show, while it is still empty. */
const emptyMount =
  /<(?:div|main|section)[^>]{0,300}\bid=["']?(?:app|root|__next|__nuxt|___gatsby|svelte|main|content|application)\b[^>]{0,300}>\s*<\//i;
const asksForScripts = /<noscript[^>]{0,200}>[^]{0,2000}?\bjavascript\b/i;

/**
 * The page as it was sent; or as an installed browser shows it, where that is wanted, or where it is an empty shell
 * without its scripts.
 * @throws AppError not_configured when a browser is wanted and there is none; upstream when there is nothing without it
 * and it fails; and what the browser throws when it is wanted
 */
export async function readShown(
  fetched: FetchedBody,
  parts: Parts & { wish?: RenderWish | undefined },
  signal: AbortSignal,
): Promise<ShownPage> {
  const { extractor, renderer, clock, log, wish } = parts;
  if (wish) return await show(fetched, { ...parts, renderer: renderer ?? noBrowser(), wish }, signal);
  const page = await extractor.extract({ ...fetched, url: fetched.finalUrl, now: clock.now() }, signal);
  if (!renderer || !isShell(page, fetched)) return { page, document: fetched };
  try {
    const shown = await show(fetched, { ...parts, renderer, wish: {} }, signal);
    return shown.page.textLength > page.textLength ? shown : { page, document: fetched };
  } catch (error) {
    // The page itself was read: what the browser makes of it is more than was asked for.
    if (!(error instanceof AppError) || signal.aborted) throw error;
    log.info({ err: error, url: toLogAddress(fetched.finalUrl) }, "A page could not be rendered.");
    // Nothing at all must not take the place of what was read of it before.
    if (page.textLength === 0) throw notShown(error);
    return { page, document: fetched, rendering: "failed" };
  }
}

type Browser = Pick<Renderer, "render">;

async function show(
  fetched: FetchedBody,
  { renderer, extractor, clock, wish }: Parts & { renderer: Browser; wish: RenderWish },
  signal: AbortSignal,
): Promise<ShownPage> {
  const request = { ...wish, url: fetched.finalUrl, document: fetched };
  const { html, finalUrl, screenshotPng } = await renderer.render(request, signal);
  const document = { ...fetched, body: Buffer.from(html), contentType: "text/html; charset=utf-8", finalUrl };
  const page = await extractor.extract({ ...document, url: finalUrl, now: clock.now() }, signal);
  return { page, document, rendering: "rendered", ...(screenshotPng && { screenshotPng }) };
}

function notShown(cause: AppError): AppError {
  return new AppError("upstream", "The page is empty without its scripts, and Chromium could not show it now.", {
    hint: cause.hint ?? "Try again later.",
    cause,
  });
}

function noBrowser(): never {
  throw new AppError("not_configured", "No Chromium is installed here that could show the page.", {
    hint: "Read it without its scripts; or have Chromium installed, or SOPHIA_DATA_CHROMIUM set to one.",
  });
}

function isShell({ kind, textLength }: ExtractedPage, { body, contentType }: FetchedBody): boolean {
  if (kind !== "html" || textLength >= littleText) return false;
  const html = decodeText(body, contentType).slice(0, shellCharacters);
  if (!/<script\b/i.test(html)) return false;
  return textLength === 0 || emptyMount.test(html) || asksForScripts.test(html);
}
