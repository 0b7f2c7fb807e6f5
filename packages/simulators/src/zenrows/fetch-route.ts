import type { Answer } from "../apify/answer.ts";
import { documents } from "../web-corpus/corpus.ts";
import { checkParameters } from "./check-parameters.ts";
import { creditUsd, openPage } from "./price.ts";
import { makeId, refuse, type TargetPage, type ZenRowsState } from "./simulator-state.ts";

const png = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);
const pdf = Buffer.from("%PDF-1.4\n% simulated\n%%EOF\n");

/** https://docs.zenrows.com/universal-scraper-api/api-reference */
export function fetchTarget(state: ZenRowsState, query: URLSearchParams): Answer {
  const wrong = checkParameters(query);
  if (wrong !== undefined) return refuse(400, wrong);
  if (state.credits.left <= 0) return refuse(402, "AUTH004");
  const url = query.get("url") ?? "";
  const page = findPage(state, url);
  if (!page) return billed(state, url, { credits: 1, answer: refuse(404, "RESP007") });
  const protection = page.protection ?? state.protection[new URL(url).hostname] ?? "none";
  const opened = openPage(query, protection);
  // It says so when a browser would do; else only that it did not get there.
  if (!opened) return protection === "js_render" ? refuse(400, "REQS002") : refuse(422, "RESP001");
  if (query.get("extract") === "auto") return refuse(402, "AUTH010");
  const isAllowed = (query.get("allowed_status_codes") ?? "").split(",").includes(String(page.status));
  const status = page.status ?? 200;
  if (status >= 400 && query.get("original_status") !== "true" && !isAllowed) {
    return billed(state, url, { ...opened, answer: status === 404 ? refuse(404, "RESP002") : refuse(400, "RESP008") });
  }
  const answer = { ...convert(page, url, query), status: query.get("original_status") === "true" ? status : 200 };
  return billed(state, page.finalUrl ?? url, { ...opened, answer });
}

export function findPage(state: ZenRowsState, url: string): TargetPage | undefined {
  const own = state.pages.get(url);
  if (own) return own;
  const document = documents.find((each) => each.url === url);
  return document && { html: document.html };
}

function billed(state: ZenRowsState, finalUrl: string, given: { credits: number; answer: Answer }): Answer {
  const { credits, answer } = given;
  state.credits.left -= credits;
  state.credits.used += credits;
  const headers = {
    "x-request-cost": (credits * creditUsd).toFixed(6),
    "x-request-credits": String(credits),
    "x-request-id": makeId(state, "req"),
    "zr-final-url": finalUrl,
  };
  return { ...answer, headers: { ...answer.headers, ...headers } };
}

function convert(page: TargetPage, url: string, query: URLSearchParams): Omit<Answer, "status"> {
  const isOn = (name: string): boolean => query.get(name) === "true" || (query.get(name) ?? "false") !== "false";
  if (["screenshot", "screenshot_fullpage", "screenshot_selector"].some(isOn)) {
    return { bytes: png, contentType: "image/png" };
  }
  if (query.get("json_response") === "true") return { json: { url, html: page.html, status_code: 200, xhr: [] } };
  const title = /<title>([^<]*)/.exec(page.html)?.[1] ?? "";
  const text = page.html
    .replace(/<(style|script|head)[\s\S]*?<\/\1>/g, "")
    .replace(/<[^>]+>/g, " ")
    .replace(/\s+/g, " ")
    .trim();
  if (query.get("autoparse") === "true") return { json: { url, title, text } };
  const outputs = query.get("outputs");
  if (outputs !== null) return { json: findOutputs(page.html, outputs.split(",")) };
  const extractor = query.get("css_extractor");
  if (extractor !== null) {
    const names = Object.keys(JSON.parse(extractor) as Record<string, unknown>);
    return { json: Object.fromEntries(names.map((name) => [name, title])) };
  }
  const type = query.get("response_type");
  if (type === "pdf") return { bytes: pdf, contentType: "application/pdf" };
  if (type === "markdown") {
    return { bytes: Buffer.from(`# ${title}\n\n${text}\n`), contentType: "text/markdown; charset=utf-8" };
  }
  if (type === "plaintext") return { bytes: Buffer.from(text), contentType: "text/plain; charset=utf-8" };
  return { bytes: Buffer.from(page.html), contentType: "text/html; charset=utf-8" };
}

function findOutputs(html: string, names: readonly string[]): Record<string, string[]> {
  const links = [...html.matchAll(/href="(https?:[^"]+)"/g)].map((match) => match[1] ?? "");
  return Object.fromEntries(names.map((name) => [name, name === "links" ? links : []]));
}
