import { foldedText, type PageElement } from "./dom.ts";
import { toColor } from "./hiding-style.ts";

const inlineColor = /(?:^|;)\s*color\s*:\s*([^;!]+)/i;
const hasBackground =
  /(?:^|;)\s*(?:background(?:-color|-image)?|text-shadow|-webkit-text-stroke)\s*:\s*(?!none|transparent|inherit)/i;

/**
 * Removes text set in white where nothing says that the ground is not white: neither it nor what it stands in has a
 * background of its own, and text of the page's ordinary colour stands beside it.
 */
export function removePaleText(body: PageElement): void {
  for (const element of body.querySelectorAll('[style*="color" i], font[color]')) {
    const style = element.getAttribute("style") ?? "";
    const color = inlineColor.exec(style)?.[1] ?? (element.nodeName === "FONT" ? element.getAttribute("color") : null);
    if (!color || !isNearWhite(color) || !body.contains(element)) continue;
    if (!standsOnGround(element, body) && hasOrdinaryNeighbours(element)) element.remove();
  }
}

function isNearWhite(color: string): boolean {
  const parts = /^#([\da-f]{2})([\da-f]{2})([\da-f]{2})$/.exec(toColor(color.toLowerCase()));
  return parts !== null && parts.slice(1).every((part) => Number.parseInt(part, 16) >= 0xfa);
}

/** A background that the page's markup states somewhere around the element. */
function standsOnGround(element: PageElement, body: PageElement): boolean {
  for (let node: PageElement | null = element; node; node = node.parentNode) {
    if (hasBackground.test(node.getAttribute("style") ?? "")) return true;
    if (node.getAttribute("bgcolor") !== null || node.getAttribute("background") !== null) return true;
    if (node === body) return false;
  }
  return false;
}

/** Two blocks of text beside it, or the rest of its own block, that have no colour of their own. */
function hasOrdinaryNeighbours(element: PageElement): boolean {
  const parent = element.parentNode;
  if (!parent) return false;
  const own = foldedText(element).length;
  const colored = [...parent.children].filter((child) => inlineColor.test(child.getAttribute("style") ?? ""));
  const others = colored.reduce((sum, child) => sum + (child === element ? 0 : foldedText(child).length), 0);
  return foldedText(parent).length - own - others >= 40;
}
