import { isElement, textNode, type PageElement, type PageNode } from "./dom.ts";
import { removeInvisibleCharacters } from "./invisible-text.ts";

const blockNames =
  /^(?:P|DIV|LI|UL|OL|H[1-6]|TR|TABLE|SECTION|ARTICLE|BLOCKQUOTE|PRE|DD|DT|DL|FIGURE|FIGCAPTION|HEADER|FOOTER|MAIN|ASIDE|HR|CAPTION)$/;

/** Words of a tree as plain text: one block a line, cells apart, no markup. This is what is indexed and embedded. */
export function toPlainText(root: PageElement): string {
  const parts: string[] = [];
  collect(root, parts);
  return removeInvisibleCharacters(parts.join(""))
    .replace(/[^\S\n]+/gu, " ")
    .replace(/ ?\n\s*/gu, "\n\n")
    .trim();
}

/** Recursion is safe here: pages deeper than 400 elements never become a tree. */
function collect(node: PageNode, parts: string[]): void {
  for (const child of node.childNodes) {
    if (child.nodeType === textNode) {
      parts.push((child.textContent ?? "").replace(/\s+/gu, " "));
    } else if (isElement(child)) {
      const name = child.nodeName;
      if (name === "SCRIPT" || name === "STYLE" || name === "TITLE") continue;
      const isBlock = blockNames.test(name);
      if (isBlock || name === "BR") parts.push("\n");
      collect(child, parts);
      if (isBlock) parts.push("\n");
      else if (name === "TD" || name === "TH") parts.push(" ");
    }
  }
}
