import type { PageDocument, PageElement } from "./dom.ts";

/** Declarations of a sheet that hide text for good. Opacity is not among them: sheets use it to fade text in. */
const hides =
  /(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?:px|em|rem)?\s*(?:!important)?\s*(?:;|$)|text-indent\s*:\s*-\s*\d{3,}px|(?:left|top)\s*:\s*-\s*\d{4,}px|clip\s*:\s*rect\(\s*0)/i;
const shows = /(?:^|;)\s*(?:display\s*:\s*(?!none)|visibility\s*:\s*visible)/i;
/** One element, by class or id: what a page uses to hide a thing of its own. Longer selectors depend on states we do not have. */
const simpleSelector = /^(?:[a-z][a-z0-9]*)?(?:[.#][\w-]{1,80}){1,3}$/i;

const maxSheetCharacters = 400_000;
const maxSelectors = 400;

/**
 * Elements that the page's own style sheets hide by class or id. A later rule that shows a class again, for example
 * with `.is-open`, wins over an earlier one. Linked sheets are not fetched.
 */
export function findHiddenBySheets(document: PageDocument): Set<PageElement> {
  const hidden = new Set<PageElement>();
  let used = 0;
  for (const sheet of document.querySelectorAll("style")) {
    const media = sheet.getAttribute("media");
    if (media !== null && !/\b(?:all|screen)\b/i.test(media)) continue;
    for (const rule of topLevelRules((sheet.textContent ?? "").slice(0, maxSheetCharacters))) {
      const doesHide = hides.test(rule.declarations);
      if (!doesHide && (hidden.size === 0 || !shows.test(rule.declarations))) continue;
      for (const selector of rule.selectors.split(",").slice(0, 50)) {
        if (!simpleSelector.test(selector.trim()) || (used += 1) > maxSelectors) continue;
        for (const element of document.querySelectorAll(selector.trim())) {
          if (doesHide) hidden.add(element);
          else hidden.delete(element);
        }
      }
    }
  }
  return hidden;
}

/** Rules outside of any `@media` or other block, in one pass: what holds always. */
function* topLevelRules(sheet: string): Generator<{ selectors: string; declarations: string }> {
  const text = sheet.replace(/\/\*[\s\S]*?\*\//g, "");
  let depth = 0;
  let start = 0;
  let selectors = "";
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index];
    if (character === "{") {
      if (depth === 0) selectors = text.slice(start, index).trim();
      depth += 1;
      if (depth === 1) start = index + 1;
    } else if (character === "}") {
      depth = Math.max(0, depth - 1);
      if (depth === 0) {
        if (!selectors.startsWith("@")) yield { selectors, declarations: text.slice(start, index) };
        start = index + 1;
      }
    } else if (character === ";" && depth === 0) {
      start = index + 1;
    }
  }
}
