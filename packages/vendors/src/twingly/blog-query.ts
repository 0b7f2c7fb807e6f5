import { refuseInput } from "./xml-reply.ts";

export interface TwinglyBlogSearch {
  /** In the vendor's search language: words, "phrases", AND, OR, -word, tag:, blog:, fields:title. */
  query: string;
  /** ISO 639-1. */
  language?: string;
  /** Published at or after, and at or before: wall clock, ms; whole seconds count. At most 12 months back. */
  since?: number;
  until?: number;
  /** 1 to 1,000, default 50. */
  size?: number;
  /** By time of publication. Default `newest`. */
  order?: "newest" | "oldest";
}

/** However many match, a query gives no more. https://developer.twingly.com/resources/search/ */
export const mostHits = 1_000;
const longestQuery = 2_048;
const ours = /(?:^|[\s(])(page|page-size|lang|start-date|end-date|tspan|sort|sort-order):/i;

/** All that the vendor knows of a search is one text. Ours comes first, so that no word of the caller's can change it. */
export function blogQuery(search: TwinglyBlogSearch): string {
  const { query, language, since, until, size = 50, order = "newest" } = search;
  checkQuery(query);
  if (!Number.isInteger(size) || size < 1 || size > mostHits) {
    throw refuseInput(`size must be a whole number from 1 to ${mostHits}.`, "Ask for less at once.");
  }
  if (language !== undefined && !/^[a-z]{2,3}$/.test(language)) {
    throw refuseInput("The language is no ISO 639 code.", 'Write it in lower case, e.g. "sv".');
  }
  if (since !== undefined && until !== undefined && since > until) {
    throw refuseInput("since is after until.", "Turn the times round.");
  }
  const parts = [
    `sort:published sort-order:${order === "oldest" ? "asc" : "desc"} page-size:${size}`,
    language === undefined ? undefined : `lang:${language}`,
    since === undefined ? undefined : `start-date:${toSeconds(since)}`,
    until === undefined ? undefined : `end-date:${toSeconds(until)}`,
    query.trim(),
  ];
  const whole = parts.filter((part) => part !== undefined).join(" ");
  if (whole.length > longestQuery) {
    throw refuseInput("The query is too long.", `With languages and dates it may have ${longestQuery} characters.`);
  }
  return whole;
}

function checkQuery(query: string): void {
  if (query.trim() === "") throw refuseInput("The query is empty.", "Write what to search for.");
  const quoted = query.split('"');
  if (quoted.length % 2 === 0) throw refuseInput("A quotation mark of the query is not closed.", "Close it.");
  const name = ours.exec(quoted.filter((_part, index) => index % 2 === 0).join('" "'))?.[1];
  if (name !== undefined) {
    throw refuseInput(`The query sets ${name} itself.`, "Use the arguments for dates, languages, order and size.");
  }
}

function toSeconds(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19);
}
