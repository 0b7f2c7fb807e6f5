import type { Answer } from "../apify/answer.ts";
import { type CorpusDocument, documents, searchCorpus } from "../web-corpus/corpus.ts";
import { ending, type Exchange, refuse, textList } from "./simulator-state.ts";

const depths = ["basic", "advanced", "fast", "ultra-fast"];
const topics = ["general", "news", "finance"];
const rangesDays: Readonly<Record<string, number>> = {
  d: 1,
  day: 1,
  w: 7,
  week: 7,
  m: 31,
  month: 31,
  y: 366,
  year: 366,
};
const dayMs = 86_400_000;

/** https://docs.tavily.com/documentation/api-reference/endpoint/search */
export function search(exchange: Exchange): Answer {
  const { body, state } = exchange;
  const { query, topic = "general", max_results: most = 5 } = body;
  const depth = typeof body["search_depth"] === "string" ? body["search_depth"] : "basic";
  if (typeof query !== "string" || query.trim() === "") return refuse(400, "VENDOR TEXT: Query is missing.");
  if (!depths.includes(depth) || !topics.includes(String(topic))) return refuse(400, "VENDOR TEXT: Invalid topic.");
  if (typeof most !== "number" || most < 0 || most > 20) return refuse(400, "VENDOR TEXT: Max results is 20.");
  if (body["country"] !== undefined && topic !== "general") return refuse(400, "VENDOR TEXT: Country needs general.");
  const credits = depth === "advanced" ? 2 : 1;
  state.account.charge("search", credits);
  const found = searchCorpus(query, { limit: documents.length })
    .filter((document) => isWanted(document, body, state.clock.now()))
    .slice(0, most);
  return {
    status: 200,
    json: {
      query,
      answer: body["include_answer"] ? `Simulated answer to "${query}" from ${found.length} pages.` : null,
      images: [],
      results: found.map((document, index) => describe(document, index, body)),
      ...(body["auto_parameters"] === true && { auto_parameters: { topic, search_depth: depth } }),
      ...ending(exchange, credits),
    },
  };
}

function isWanted({ url, publishedAt }: CorpusDocument, body: Record<string, unknown>, now: number): boolean {
  const { hostname } = new URL(url);
  const isUnder = (domain: string): boolean => hostname === domain || hostname.endsWith(`.${domain}`);
  const include = textList(body["include_domains"]);
  if (include.length > 0 && !include.some(isUnder)) return false;
  if (textList(body["exclude_domains"]).some(isUnder)) return false;
  const days = rangesDays[String(body["time_range"])];
  if (days !== undefined && publishedAt < now - days * dayMs) return false;
  const { start_date: from, end_date: to } = body;
  if (typeof from === "string" && publishedAt < Date.parse(from)) return false;
  return !(typeof to === "string" && publishedAt >= Date.parse(to) + dayMs);
}

function describe(document: CorpusDocument, index: number, body: Record<string, unknown>): unknown {
  const { url, title, text, publishedAt } = document;
  return {
    url,
    title,
    content: text.slice(0, 400),
    score: Math.round(900 - index * 37) / 1_000,
    raw_content: body["include_raw_content"] ? text : null,
    ...(body["topic"] === "news" && { published_date: new Date(publishedAt).toUTCString() }),
    ...(body["include_favicon"] === true && { favicon: `${new URL(url).origin}/favicon.ico` }),
  };
}

/** https://docs.tavily.com/documentation/api-reference/endpoint/extract */
export function extract(exchange: Exchange): Answer {
  const { body, state, fault } = exchange;
  const urls = textList(body["urls"]);
  if (urls.length === 0 || urls.length > 20) return refuse(400, "VENDOR TEXT: Max 20 URLs are allowed.");
  const fails = (url: string, index: number): boolean =>
    !documents.some((document) => document.url === url) || (fault?.kind === "failed_results" && index % 2 === 0);
  const failed = urls.filter(fails);
  const results = urls.filter((url, index) => !fails(url, index)).map((url) => read(url, body));
  const creditsPerGroup = body["extract_depth"] === "advanced" ? 2 : 1;
  const credits = state.account.fillGroup("extract", { units: results.length, groupSize: 5, creditsPerGroup });
  const failed_results = failed.map((url) => ({ url, error: "VENDOR TEXT: Error fetching this page" }));
  return { status: 200, json: { results, failed_results, ...ending(exchange, credits) } };
}

export function read(url: string, body: Record<string, unknown>): Record<string, unknown> {
  const document = documents.find((each) => each.url === url);
  const { text = "", title = "" } = document ?? {};
  return {
    url,
    title,
    raw_content: body["format"] === "text" ? text : `# ${title}\n\n${text}`,
    ...(body["include_images"] === true && { images: [] }),
    ...(body["include_favicon"] === true && { favicon: `${new URL(url).origin}/favicon.ico` }),
  };
}
