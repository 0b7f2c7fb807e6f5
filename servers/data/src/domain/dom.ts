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
  matches(selector: string): boolean;
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
  if (!/<body[\s>]/i.test(framed)) fillBody(document);
  return document;
}

const headNames = /^(?:HEAD|TITLE|META|LINK|SCRIPT|STYLE|BASE|TEMPLATE|BODY)$/;

/** HTML lets a page leave out <body> and </head>; linkedom then leaves everything beside an empty body. */
function fillBody(document: PageDocument): void {
  const { body, documentElement } = document;
  if (!body || !documentElement) return;
  for (const parent of [documentElement.querySelector("head"), documentElement]) {
    const strays = [...(parent?.childNodes ?? [])].filter((node) => !headNames.test(node.nodeName));
    body.append(...strays);
  }
}

export function isElement(node: PageNode): node is PageElement {
  return node.nodeType === elementNode;
}

/** Text with runs of white space folded to one space. */
export function foldedText(node: PageNode | null | undefined): string {
  return (node?.textContent ?? "").replace(/\s+/gu, " ").trim();
}

/** Deeper pages overflow recursive readers; more elements, or attributes of one, are a bomb or take a minute to read. */
const maxDepth = 400;
const maxElements = 50_000;
const maxAttributes = 1_000;

/** Whether the tree that `html` would become is more than we build; found without building it. */
export function isTooComplex(html: string): boolean {
  let depth = 0;
  let isOver = false;
  let elements = 0;
  let attributes = 0;
  const parser = new Parser({
    onopentagname() {
      depth += 1;
      elements += 1;
      attributes = 0;
      isOver ||= depth > maxDepth || elements > maxElements;
    },
    onattribute() {
      attributes += 1;
      isOver ||= attributes > maxAttributes;
    },
    onclosetag() {
      depth -= 1;
    },
  });
  // In slices, so that a page made to be deep is left before its depth costs anything.
  for (let start = 0; start < html.length && !isOver; start += 16_384) parser.write(html.slice(start, start + 16_384));
  return isOver;
}
