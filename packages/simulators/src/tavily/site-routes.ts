import type { Answer } from "../apify/answer.ts";
import { documents } from "../web-corpus/corpus.ts";
import { read } from "./search-routes.ts";
import { ending, type Exchange, refuse, textList } from "./simulator-state.ts";

/** https://docs.tavily.com/documentation/api-reference/endpoint/map */
export function map(exchange: Exchange): Answer {
  const { body, state } = exchange;
  const urls = findPages(body);
  if (!urls) return refuse(400, "VENDOR TEXT: Invalid url, limit, depth or breadth.");
  const creditsPerGroup = mapPrice(body);
  const credits = state.account.fillGroup("map", { units: urls.length, groupSize: 10, creditsPerGroup });
  return { status: 200, json: { base_url: body["url"], results: urls, ...ending(exchange, credits) } };
}

/** https://docs.tavily.com/documentation/api-reference/endpoint/crawl */
export function crawl(exchange: Exchange): Answer {
  const { body, state } = exchange;
  const urls = findPages(body);
  if (!urls) return refuse(400, "VENDOR TEXT: Invalid url, limit, depth or breadth.");
  const price = { units: urls.length, groupSize: 10, creditsPerGroup: mapPrice(body) };
  const perPages = { units: urls.length, groupSize: 5, creditsPerGroup: body["extract_depth"] === "advanced" ? 2 : 1 };
  const credits = state.account.fillGroup("crawl", price) + state.account.fillGroup("crawl", perPages);
  const results = urls.map((url) => {
    const { title: _title, ...page } = read(url, body);
    return page;
  });
  return { status: 200, json: { base_url: body["url"], results, ...ending(exchange, credits) } };
}

function mapPrice(body: Record<string, unknown>): number {
  return typeof body["instructions"] === "string" ? 2 : 1;
}

function findPages(body: Record<string, unknown>): string[] | undefined {
  const { url, limit = 50, max_depth: depth = 1, max_breadth: breadth = 20 } = body;
  const site = hostOf(url);
  if (site === undefined || !isWithin(limit, 1, Infinity)) return undefined;
  if (!isWithin(depth, 1, 5) || !isWithin(breadth, 1, 500)) return undefined;
  const select = patterns(body["select_paths"]);
  const exclude = patterns(body["exclude_paths"]);
  return documents
    .map((document) => new URL(document.url))
    .filter((page) => page.hostname === site)
    .filter(({ pathname }) => select.length === 0 || select.some((pattern) => pattern.test(pathname)))
    .filter(({ pathname }) => !exclude.some((pattern) => pattern.test(pathname)))
    .slice(0, Math.min(Number(limit), Number(breadth)))
    .map(({ href }) => href);
}

/** The vendor takes addresses without a scheme too. */
function hostOf(url: unknown): string | undefined {
  if (typeof url !== "string" || url === "") return undefined;
  const whole = /^https?:\/\//.test(url) ? url : `https://${url}`;
  return URL.canParse(whole) ? new URL(whole).hostname : undefined;
}

function isWithin(value: unknown, low: number, high: number): boolean {
  return typeof value === "number" && value >= low && value <= high;
}

function patterns(value: unknown): RegExp[] {
  return textList(value).map((source) => new RegExp(source));
}
