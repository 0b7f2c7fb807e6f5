import { AppError } from "@sophia/core/errors/app-error";
import type { Clock } from "@sophia/core/limits/clock";
import type { Logger } from "pino";
import { decodeText } from "../domain/charset.ts";
import type { ExtractedPage } from "../domain/extract-page.ts";
import type { Renderer } from "../rendering/renderer.ts";
import type { Extractor } from "./extractor.ts";
import { toLogAddress } from "./log-address.ts";
import type { FetchedBody } from "./page-fetcher.ts";

/** A page as its reader would see it, and the HTML that is from. */
interface ShownPage {
  page: ExtractedPage;
  document: FetchedBody;
  rendering?: "rendered" | "failed";
}

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

/** The page as it was sent; or as an installed browser shows it, where it is an empty shell without its scripts. */
export async function readShown(fetched: FetchedBody, parts: Parts, signal: AbortSignal): Promise<ShownPage> {
  const { extractor, renderer, clock, log } = parts;
  const page = await extractor.extract({ ...fetched, url: fetched.finalUrl, now: clock.now() }, signal);
  if (!renderer || !isShell(page, fetched)) return { page, document: fetched };
  try {
    const { html, finalUrl } = await renderer.render({ url: fetched.finalUrl, document: fetched }, signal);
    const document = { ...fetched, body: Buffer.from(html), contentType: "text/html; charset=utf-8", finalUrl };
    const shown = await extractor.extract({ ...document, url: finalUrl, now: clock.now() }, signal);
    return shown.textLength > page.textLength
      ? { page: shown, document, rendering: "rendered" }
      : { page, document: fetched };
  } catch (error) {
    // The page itself was read: what the browser makes of it is more than was asked for.
    if (!(error instanceof AppError) || signal.aborted) throw error;
    log.info({ err: error, url: toLogAddress(fetched.finalUrl) }, "A page could not be rendered.");
    return { page, document: fetched, rendering: "failed" };
  }
}

function isShell({ kind, textLength }: ExtractedPage, { body, contentType }: FetchedBody): boolean {
  if (kind !== "html" || textLength >= littleText) return false;
  const html = decodeText(body, contentType).slice(0, shellCharacters);
  if (!/<script\b/i.test(html)) return false;
  return textLength === 0 || emptyMount.test(html) || asksForScripts.test(html);
}
