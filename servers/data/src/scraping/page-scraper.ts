import { AppError, toAppError } from "@sophia/core/errors/app-error";
import { createAddressPolicy } from "@sophia/core/http/address";
import type { Ledger } from "@sophia/core/ledger/ledger";
import type { ZenRowsClient } from "@sophia/vendors/zenrows/client";
import { zenrowsCreditUsd } from "@sophia/vendors/zenrows/cost";
import { fetchWithEscalation } from "@sophia/vendors/zenrows/escalate";
import { isRealPage } from "@sophia/vendors/zenrows/is-real-page";
import type { DataBudgets } from "../collections/data-budgets.ts";
import type { SaveFound } from "../collections/save-found.ts";
import type { StoredPage } from "../collections/source.ts";
import type { DocumentStore } from "../documents/document-store.ts";
import type { Reached } from "../domain/reached-vendors.ts";
import type { PageReader } from "../fetching/page-reader.ts";

export interface ScrapeWish {
  url: string;
  /** Show it in a browser first. */
  withScripts: boolean;
  /** CSS selector that must be there; needs scripts. */
  waitFor?: string | undefined;
  /** ISO 3166-1, two letters. */
  proxyCountry?: string | undefined;
  /** Name → CSS selector: what to pick out. */
  fields?: Readonly<Record<string, string>> | undefined;
  /** The most that ZenRows may take for it. */
  maxCredits: number;
}

export interface ScrapedPage {
  document: StoredPage | null;
  markdown: string;
  fields: Record<string, unknown> | null;
  /** How it was got at, e.g. `basic` or `js_render`; `direct` from here. */
  way: string;
  mode: "live" | "local";
  costUsd: number;
}

/** One page, by whatever it takes: ZenRows within its credits where there is a key, else from here. */
export interface PageScraper {
  scrape(wish: ScrapeWish, call: { caller: string; requestId: string; signal: AbortSignal }): Promise<ScrapedPage>;
}

export interface PageScraperOptions {
  zenrows: Reached<Pick<ZenRowsClient, "fetchPage">> | undefined;
  pages: Pick<PageReader, "read">;
  documents: Pick<DocumentStore, "get">;
  saveFound: SaveFound;
  ledger: Pick<Ledger, "reserve" | "settle" | "release">;
  budgets: Pick<DataBudgets, "of">;
}

export function createPageScraper(options: PageScraperOptions): PageScraper {
  const { zenrows } = options;
  return {
    scrape: (wish, call) =>
      zenrows ? scrapeThere(options, zenrows.client, { wish, ...call }) : scrapeHere(options, wish, call.signal),
  };
}

async function scrapeHere({ pages }: PageScraperOptions, wish: ScrapeWish, signal: AbortSignal): Promise<ScrapedPage> {
  if (wish.fields !== undefined || wish.proxyCountry !== undefined) {
    throw new AppError("not_configured", "Selectors and proxies need ZenRows, which has no key here.", {
      hint: "Set ZENROWS_API_KEY, or leave fields and proxyCountry out: the page is then read from here.",
    });
  }
  const isShown = wish.withScripts || wish.waitFor !== undefined;
  const render = { ...(wish.waitFor !== undefined && { waitFor: wish.waitFor }) };
  const { page, saved, finalUrl } = await pages.read(wish.url, signal, isShown ? { render } : {});
  return {
    document: { documentId: saved.id, state: saved.state, url: finalUrl, title: page.title },
    markdown: page.markdown,
    fields: null,
    way: isShown ? "direct, in Chromium" : "direct",
    mode: "local",
    costUsd: 0,
  };
}

const addresses = createAddressPolicy();

async function scrapeThere(
  options: PageScraperOptions,
  client: Pick<ZenRowsClient, "fetchPage">,
  { wish, caller, requestId, signal }: { wish: ScrapeWish; caller: string; requestId: string; signal: AbortSignal },
): Promise<ScrapedPage> {
  const { ledger, budgets, saveFound, documents } = options;
  addresses.checkUrl(wish.url);
  const { maxCredits } = wish;
  const expected = { quantity: maxCredits, costUsd: maxCredits * zenrowsCreditUsd };
  const charge = { requestId, server: "data", service: "zenrows", caller, unit: "credits" };
  const reservation = await ledger.reserve({ ...charge, ...expected, budgets: await budgets.of(caller, "zenrows") });
  let found;
  try {
    found = await fetchWithEscalation(client, toRequest(wish), {
      maxCredits,
      signal,
      accepts: isRealPage,
      ...powersOf(wish),
    });
  } catch (error) {
    const { reason, cost } = toAppError(error);
    const isLost = signal.aborted || reason === "outcome_unknown";
    if (isLost) await ledger.settle(reservation, { ...expected, kind: "estimate" });
    else if (cost) await ledger.settle(reservation, cost);
    else await ledger.release(reservation);
    throw error;
  }
  const { reply, credits, costUsd, steps } = found;
  await ledger.settle(reservation, { quantity: credits, costUsd, kind: reply.cost.kind });
  const common = { way: steps.at(-1)?.power ?? "basic", mode: "live" as const, costUsd };
  const { content, finalUrl } = reply;
  if (content.kind === "json") {
    const fields = (typeof content.json === "object" ? content.json : { value: content.json }) as Record<
      string,
      unknown
    >;
    return { document: null, markdown: "", fields, ...common };
  }
  if (content.kind !== "html" && content.kind !== "markdown" && content.kind !== "text") {
    throw new AppError("invalid_input", `The page is ${content.kind}, which has no text to keep.`);
  }
  const body =
    content.kind === "html"
      ? { kind: "html" as const, html: content.text }
      : { kind: "markdown" as const, markdown: content.text };
  const document = await saveFound({ url: finalUrl, title: null, body }, "zenrows", signal);
  const kept = await documents.get(document.documentId);
  return { document, markdown: kept?.markdown ?? "", fields: null, ...common };
}

function toRequest({ url, waitFor, proxyCountry, fields }: ScrapeWish) {
  return {
    url,
    ...(waitFor !== undefined && { waitFor }),
    ...(proxyCountry !== undefined && { proxyCountry }),
    ...(fields !== undefined && { cssExtractor: fields }),
  };
}

/** Without scripts the cheapest way is tried first. */
function powersOf({ withScripts }: ScrapeWish) {
  return withScripts ? { powers: ["js_render", "both"] as const } : {};
}
