import { Readability } from "@mozilla/readability";
import { coverage, findHolder, type StatedBody } from "./stated-body.ts";
import { foldedText, type PageDocument, type PageElement } from "./dom.ts";

export interface ReadableContent {
  /** A tree that holds the main text only. */
  root: PageElement;
  method: "readability" | "density" | "body";
}

/** Of the text that linked data states: less in Readability's choice means that it left a part of the article behind. */
const leastCoverage = 0.75;
const paragraphSelector = "p, li, pre, td, blockquote, dd, h2, h3";

/**
 * Main content of a page. Readability first; where it abstains or keeps too little of the page's paragraphs, the
 * smallest element that holds most of the running text; then the whole body. Where the page shows more of the article
 * that its linked data states, what shows it is taken instead. The document is not changed.
 */
export function findReadableContent(document: PageDocument, stated: StatedBody | null = null): ReadableContent | null {
  const body = document.body;
  if (!body) return null;
  const article = runReadability(document);
  const articleLength = foldedText(article).length;
  const holder = stated && (article ? coverage(article, stated) : 0) < leastCoverage ? findHolder(body, stated) : null;
  if (holder && stated && coverage(holder, stated) >= leastCoverage) {
    return { root: holder.cloneNode(true) as PageElement, method: "density" };
  }
  const runningLength = runningText(body);
  if (article && articleLength < runningLength * 0.6) {
    const thread = findThread(body, article, runningLength);
    if (thread) return { root: thread.cloneNode(true) as PageElement, method: "density" };
  }
  if (article && articleLength >= 200 && articleLength >= runningLength * 0.25) {
    return { root: article, method: "readability" };
  }
  const dense = findDensest(body, runningLength);
  if (dense && foldedText(dense).length > articleLength) {
    return { root: dense.cloneNode(true) as PageElement, method: "density" };
  }
  if (article && articleLength > 0) return { root: article, method: "readability" };
  return foldedText(body) === "" ? null : { root: body.cloneNode(true) as PageElement, method: "body" };
}

const turnName = /(?:^|[\s_-])(?:comment|post|answer|reply|message|review)s?(?=$|[\s_-])/i;

/**
 * A discussion of which Readability kept one turn: the element whose children are the turns. Comments under an article
 * are none, because the article is not among them.
 */
function findThread(body: PageElement, article: PageElement, runningLength: number): PageElement | null {
  const thread = findDensest(body, runningLength);
  if (!thread) return null;
  const turns = [...thread.children].filter((child) => turnName.test(child.getAttribute("class") ?? ""));
  const start = foldedText(article).slice(0, 60);
  return turns.length >= 3 && foldedText(thread).includes(start) ? thread : null;
}

function runReadability(document: PageDocument): PageElement | null {
  const copy = document.cloneNode(true);
  const options = { keepClasses: true, serializer: (node: unknown) => node as PageElement, charThreshold: 250 };
  // Its types speak of the browser's Document, which this program does not have.
  const reader = new Readability<PageElement>(copy as never, options);
  return reader.parse()?.content ?? null;
}

/** Characters in paragraphs that are not mostly links: what a page says, without its menus. */
function runningText(root: PageElement): number {
  let total = 0;
  for (const paragraph of root.querySelectorAll("p, pre, blockquote")) {
    const length = foldedText(paragraph).length;
    if (length >= 80 && linkShare(paragraph, length) < 0.5) total += length;
  }
  return total;
}

export function linkShare(element: PageElement, length: number): number {
  let linked = 0;
  for (const link of element.querySelectorAll("a")) linked += foldedText(link).length;
  return linked / Math.max(1, length);
}

/** Walks down from the body while one child alone still holds most of the unlinked text. */
function findDensest(body: PageElement, runningLength: number): PageElement | null {
  let current: PageElement = body;
  for (let depth = 0; depth < 100; depth += 1) {
    let best: PageElement | null = null;
    let bestWeight = 0;
    const total = weigh(current);
    for (const child of current.children) {
      if (/^(?:NAV|FOOTER|HEADER|ASIDE|SCRIPT|STYLE)$/.test(child.nodeName)) continue;
      const weight = weigh(child);
      if (weight > bestWeight) [best, bestWeight] = [child, weight];
    }
    if (!best || bestWeight < total * 0.7 || /^(?:P|LI|PRE|TR|TD|TBODY)$/.test(best.nodeName)) break;
    current = best;
  }
  return current === body && runningLength === 0 ? null : current;
}

function weigh(element: PageElement): number {
  let weight = 0;
  for (const block of element.querySelectorAll(paragraphSelector)) {
    const length = foldedText(block).length;
    weight += length * Math.max(0, 1 - linkShare(block, length));
  }
  return weight === 0 ? foldedText(element).length * 0.1 : weight;
}
