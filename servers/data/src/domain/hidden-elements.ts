import { commentNode, isElement, type PageDocument, type PageElement, type PageNode } from "./dom.ts";
import { isHidingStyle } from "./hiding-style.ts";
import { removePaleText } from "./pale-text.ts";
import { findHiddenBySheets } from "./style-sheet-hiding.ts";

/** What a page declares about itself without showing it: read for facts, never as text. */
const declarations = 'script[type*="ld+json" i], link, meta, body title';

/** Never shown as text by a browser, or not part of what the page says. */
const unshown =
  "style, template, noscript, noembed, noframes, iframe, object, embed, svg, canvas, audio, video, textarea, select, datalist, dialog:not([open]), [popover], input, button, map, area, frameset, applet, param, source, track, meter, progress, annotation, annotation-xml";

/**
 * Removes what a reader of the page cannot see: hidden elements, comments, code. Text that can be seen stays as it is,
 * and so do declarations (linked data, meta, link, title), until `removeDeclarations`.
 * An `aria-hidden` that covers most of the page was set by a dialog in front of it, and stays.
 */
export function removeHidden(document: PageDocument): void {
  const hiddenBySheets = findHiddenBySheets(document);
  for (const element of document.querySelectorAll('script:not([type*="ld+json" i])')) element.remove();
  for (const element of document.querySelectorAll(unshown)) element.remove();
  removeComments(document);
  const body = document.body;
  if (!body) return;
  for (const element of body.querySelectorAll("[hidden], [style]")) {
    const isHiddenAttribute = element.hasAttribute("hidden") && element.getAttribute("hidden") !== "until-found";
    if (isHiddenAttribute || isHidingStyle(element.getAttribute("style") ?? "")) element.remove();
  }
  removePaleText(body);
  for (const element of hiddenBySheets) {
    // Sites hide the whole page until their scripts have run; whoever hides most of a page hides nothing from its reader.
    if (element !== body && !isMostOf(element, body)) element.remove();
  }
  for (const element of body.querySelectorAll('[aria-hidden="true"]')) {
    if (!isMostOf(element, body)) element.remove();
  }
}

/** Ends what `removeHidden` begins: from here on only what is shown is left. */
export function removeDeclarations(document: PageDocument): void {
  for (const element of document.querySelectorAll(declarations)) element.remove();
}

function isMostOf(element: PageElement, body: PageElement): boolean {
  const share = (element.textContent ?? "").length / Math.max(1, (body.textContent ?? "").length);
  return share > 0.8 && element.querySelectorAll("p").length >= 3;
}

function removeComments(root: PageNode): void {
  const pending: PageNode[] = [root];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    for (const child of Array.from(node.childNodes)) {
      if (child.nodeType === commentNode) child.remove();
      else if (isElement(child)) pending.push(child);
    }
  }
}

/** Attributes whose text nobody sees. They must not reach a model through Markdown either. */
export function removeSilentAttributes(root: PageElement): void {
  for (const element of root.querySelectorAll("[title], [alt], [aria-label], [data-text], [placeholder]")) {
    for (const name of ["title", "alt", "aria-label", "data-text", "placeholder"]) element.removeAttribute(name);
  }
}
