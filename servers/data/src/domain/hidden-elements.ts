import { commentNode, isElement, type PageDocument, type PageElement, type PageNode } from "./dom.ts";
import { findHiddenBySheets } from "./style-sheet-hiding.ts";

/** Never shown as text by a browser, or not part of what the page says. */
const unshown =
  "script, style, template, noscript, iframe, object, embed, svg, canvas, audio, video, textarea, select, datalist, dialog:not([open]), link, meta, input, button, map, area, frameset, applet, param, source, track";

const unit = String.raw`(?:px|em|rem|%|pt)?\s*(?:!important\s*)?(?:;|$)`;
const zero = String.raw`(?:0+(?:\.0+)?|\.0+)${unit}`;
/** Below a tenth: nobody reads that. */
const faint = String.raw`(?:0+(?:\.0\d*)?|\.0\d*)${unit}`;
const far = String.raw`-\s*(?:\d{4,}|[3-9]\d\d)(?:\.\d+)?(?:px|pt)?|-\s*(?:\d{2,})(?:em|rem|vw|vh)|-\s*\d{3,}%`;

/** Inline declarations that keep text from a reader's eye. */
const hidingDeclarations: readonly RegExp[] = [
  /(?:^|;)\s*display\s*:\s*none/,
  /(?:^|;)\s*visibility\s*:\s*(?:hidden|collapse)/,
  /(?:^|;)\s*content-visibility\s*:\s*hidden/,
  new RegExp(String.raw`(?:^|;)\s*opacity\s*:\s*${faint}`),
  new RegExp(String.raw`(?:^|;)\s*font-size\s*:\s*(?:${zero}|(?:1|0?\.\d+)px)`),
  new RegExp(String.raw`(?:^|;)\s*font\s*:\s*0(?:px|pt)?[\s/]`),
  new RegExp(String.raw`(?:^|;)\s*text-indent\s*:\s*(?:${far})`),
  /(?:^|;)\s*clip\s*:\s*rect\(\s*(?:0|1px)/,
  /(?:^|;)\s*clip-path\s*:\s*(?:inset\(\s*(?:100|[5-9]\d)%|circle\(\s*0|polygon\(\s*0(?:px|%)?\s+0(?:px|%)?\s*,\s*0(?:px|%)?\s+0)/,
  /(?:^|;)\s*transform\s*:[^;]*(?:scale[xy3d]*\(\s*0(?:\.0+)?\s*[,)]|translate[xy3d]*\([^)]*-\s*(?:\d{4,}px|\d{3,}(?:%|vw|vh)))/,
  /(?:^|;)\s*color\s*:\s*(?:transparent|rgba\([^)]*,\s*0(?:\.0+)?\s*\)|#[\da-f]{3}0(?:[;\s]|$)|#[\da-f]{6}00)/,
];
const offScreen = new RegExp(
  String.raw`(?:^|;)\s*(?:left|right|top|bottom|margin-left|margin-top|inset)\s*:\s*(?:${far})`,
);
const zeroBox = new RegExp(String.raw`(?:^|;)\s*(?:max-)?(?:width|height)\s*:\s*(?:${zero}|1px)`);

/** True when an inline style makes the element's text invisible. */
export function isHidingStyle(style: string): boolean {
  const text = style
    .slice(0, 4000)
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .toLowerCase();
  if (hidingDeclarations.some((pattern) => pattern.test(text))) return true;
  if (offScreen.test(text)) return true;
  if (zeroBox.test(text) && /overflow(?:-[xy])?\s*:\s*(?:hidden|clip)/.test(text)) return true;
  return hasTextInBackgroundColor(text);
}

function hasTextInBackgroundColor(style: string): boolean {
  const color = /(?:^|;)\s*color\s*:\s*([^;!]+)/.exec(style)?.[1];
  const background = /(?:^|;)\s*background(?:-color)?\s*:\s*([^;!]+)/.exec(style)?.[1];
  return color !== undefined && background !== undefined && toColor(color) === toColor(background);
}

function toColor(value: string): string {
  const text = value.trim().replace(/\s+/g, "");
  if (text === "white") return "#ffffff";
  if (text === "black") return "#000000";
  const rgb = /^rgba?\((\d+),(\d+),(\d+)(?:,1)?\)$/.exec(text);
  if (rgb) return `#${[rgb[1], rgb[2], rgb[3]].map((part) => Number(part).toString(16).padStart(2, "0")).join("")}`;
  const short = /^#([\da-f])([\da-f])([\da-f])$/.exec(text);
  if (short) return `#${[short[1], short[2], short[3]].map((digit) => `${digit}${digit}`).join("")}`;
  return text;
}

/**
 * Removes what a reader of the page cannot see: hidden elements, comments, code. Text that can be seen stays as it is.
 * An `aria-hidden` that covers most of the page was set by a dialog in front of it, and stays.
 */
export function removeHidden(document: PageDocument): void {
  const hiddenBySheets = findHiddenBySheets(document);
  for (const element of document.querySelectorAll(unshown)) element.remove();
  removeComments(document);
  const body = document.body;
  if (!body) return;
  for (const element of body.querySelectorAll("[hidden], [style]")) {
    const isHiddenAttribute = element.hasAttribute("hidden") && element.getAttribute("hidden") !== "until-found";
    if (isHiddenAttribute || isHidingStyle(element.getAttribute("style") ?? "")) element.remove();
  }
  for (const element of hiddenBySheets) {
    // Sites hide the whole page until their scripts have run; whoever hides most of a page hides nothing from its reader.
    if (element !== body && !isMostOf(element, body)) element.remove();
  }
  for (const element of body.querySelectorAll('[aria-hidden="true"]')) {
    if (!isMostOf(element, body)) element.remove();
  }
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
