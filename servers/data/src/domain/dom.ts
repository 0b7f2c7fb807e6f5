import { Parser } from "htmlparser2";
import { parseHTML } from "linkedom";

/** The part of the DOM we use. Node programs have no DOM types, and the whole of them would leak into every other file. */
export interface PageNode {
  nodeType: number;
  nodeName: string;
  textContent: string | null;
  parentNode: PageElement | null;
  nextSibling: PageNode | null;
  previousSibling: PageNode | null;
  childNodes: ArrayLike<PageNode> & Iterable<PageNode>;
  remove(): void;
  cloneNode(deep: boolean): PageNode;
}

export interface PageElement extends PageNode {
  id: string;
  className: string;
  innerHTML: string;
  firstElementChild: PageElement | null;
  children: ArrayLike<PageElement> & Iterable<PageElement>;
  getAttribute(name: string): string | null;
  setAttribute(name: string, value: string): void;
  removeAttribute(name: string): void;
  hasAttribute(name: string): boolean;
  querySelector(selector: string): PageElement | null;
  querySelectorAll(selector: string): ArrayLike<PageElement> & Iterable<PageElement>;
  append(...nodes: (PageNode | string)[]): void;
  replaceWith(...nodes: (PageNode | string)[]): void;
  contains(node: PageNode): boolean;
}

export interface PageDocument extends PageElement {
  documentElement: PageElement | null;
  body: PageElement | null;
  createElement(name: string): PageElement;
}

export const elementNode = 1;
export const textNode = 3;
export const commentNode = 8;

export function parseDocument(html: string): PageDocument {
  // linkedom leaves `document.body` empty for a fragment without <html>, so that every page gets the frame it implies.
  const framed = /<html[\s>]/i.test(html.slice(0, 100_000)) ? html : `<!doctype html><html><body>${html}</body></html>`;
  const { document } = parseHTML(framed) as unknown as { document: PageDocument };
  return document;
}

export function isElement(node: PageNode): node is PageElement {
  return node.nodeType === elementNode;
}

/** Text with runs of white space folded to one space. */
export function foldedText(node: PageNode | null | undefined): string {
  return (node?.textContent ?? "").replace(/\s+/gu, " ").trim();
}

const unreadable = new Set(["script", "style", "noscript", "template", "svg", "iframe", "object", "head", "select"]);
const blocks = /^(?:p|div|li|h[1-6]|tr|br|section|article|blockquote|pre|dd|dt|td|th|figcaption)$/;

/** Deeper pages overflow recursive readers; more nodes than this are a bomb, not a page. */
const maxDepth = 400;
const maxElements = 150_000;

/** Size of the tree that `html` would become, found without building it. */
export function isTooComplex(html: string): boolean {
  let depth = 0;
  let deepest = 0;
  let elements = 0;
  const parser = new Parser({
    onopentagname() {
      depth += 1;
      elements += 1;
      deepest = Math.max(deepest, depth);
      if (deepest > maxDepth || elements > maxElements) parser.pause();
    },
    onclosetag() {
      depth -= 1;
    },
  });
  // In slices, because pausing only takes effect between them.
  for (let start = 0; start < html.length; start += 65_536) {
    parser.write(html.slice(start, start + 65_536));
    if (deepest > maxDepth || elements > maxElements) return true;
  }
  return false;
}

/** All visible words of a page too large or too deep to become a tree, one block a line. Linear in time, at most `maxCharacters`. */
export function streamText(html: string, maxCharacters: number): string {
  const parts: string[] = [];
  let length = 0;
  let skipping = 0;
  const parser = new Parser({
    onopentag(name, attributes) {
      const hidden =
        "hidden" in attributes ||
        /display:\s*none|visibility:\s*hidden/i.test(attributes["style"]?.slice(0, 2000) ?? "");
      if (skipping > 0 || hidden || unreadable.has(name)) skipping += 1;
      else if (blocks.test(name)) parts.push("\n");
    },
    onclosetag() {
      if (skipping > 0) skipping -= 1;
    },
    ontext(text) {
      if (skipping > 0 || length >= maxCharacters) return;
      parts.push(text);
      length += text.length;
    },
  });
  for (let start = 0; start < html.length && length < maxCharacters; start += 65_536) {
    parser.write(html.slice(start, start + 65_536));
  }
  return parts
    .join("")
    .replace(/[^\S\n]+/gu, " ")
    .replace(/\n\s*/gu, "\n\n")
    .trim()
    .slice(0, maxCharacters);
}
