import { isHidingStyle } from "./hiding-style.ts";
import type { PageDocument, PageElement } from "./dom.ts";

/** Sheets make text transparent to fade it in; then they say how. */
const fades = /(?:^|[;-])\s*(?:transition|animation|will-change|transform)\b/i;
const mayHide =
  /none|hidden|collapse|opacity|font|indent|left|right|top|bottom|inset|clip|color|scale|translate|transform|height|width/i;

function hidesText(declarations: string): boolean {
  if (!mayHide.test(declarations)) return false;
  const lasting = fades.test(declarations)
    ? declarations.replace(/(?:^|;)\s*(?:opacity|visibility|transform|(?:max-)?(?:height|width))\s*:[^;]*/gi, ";")
    : declarations;
  return isHidingStyle(lasting);
}

const shows = /(?:^|;)\s*(?:display\s*:\s*(?!none)|visibility\s*:\s*visible)/i;
/** By class or id, also inside of another: what a page uses to hide a thing of its own. States such as `:hover` are not ours to know. */
const simpleSelector =
  /^(?:(?:[a-z][a-z0-9]*)?(?:[.#][\w-]{1,80}){0,3}(?:\s*>\s*|\s+)){0,3}(?:[a-z][a-z0-9]*)?(?:[.#][\w-]{1,80}){1,3}$/i;
/** Classes of the root that a script takes away at once. */
const withoutScript = /\.(?:no-?js|no-script|loading|preload|wf-loading|fonts-loading)\b/i;

const alwaysHolds = /^@(?:media\s+(?:only\s+)?(?:all|screen)\s*$|layer\b|supports\b)/i;

const maxSheetCharacters = 400_000;
const maxSelectors = 400;

/**
 * Elements that the page's own style sheets hide by class or id. A later rule that shows a class again, for example
 * with `.is-open`, wins over an earlier one. Linked sheets are not fetched.
 */
export function findHiddenBySheets(document: PageDocument): Set<PageElement> {
  const hidden = new Set<PageElement>();
  const sheets = [...document.querySelectorAll("style")];
  const byName = sheets.length === 0 ? new Map<string, PageElement[]>() : indexByName(document);
  let used = 0;
  for (const sheet of sheets) {
    const media = sheet.getAttribute("media");
    if (media !== null && !/\b(?:all|screen)\b/i.test(media)) continue;
    for (const rule of topLevelRules((sheet.textContent ?? "").slice(0, maxSheetCharacters))) {
      const doesHide = hidesText(rule.declarations);
      if (!doesHide && (hidden.size === 0 || !shows.test(rule.declarations))) continue;
      for (const selector of rule.selectors.split(",").slice(0, 50)) {
        if (!simpleSelector.test(selector.trim()) || withoutScript.test(selector)) continue;
        if ((used += 1) > maxSelectors) return hidden;
        for (const element of select(selector.trim(), byName)) {
          if (doesHide) hidden.add(element);
          else hidden.delete(element);
        }
      }
    }
  }
  return hidden;
}

/** Elements by `.class` and `#id`, in one walk: a sheet asks for hundreds of names, and a search of the tree each is slow. */
function indexByName(document: PageDocument): Map<string, PageElement[]> {
  const byName = new Map<string, PageElement[]>();
  for (const element of document.querySelectorAll("[class], [id]")) {
    const classes = (element.getAttribute("class") ?? "").split(/\s+/).filter(Boolean);
    const id = element.getAttribute("id");
    for (const name of new Set([...classes.map((each) => `.${each}`), ...(id ? [`#${id}`] : [])])) {
      const known = byName.get(name);
      if (known) known.push(element);
      else byName.set(name, [element]);
    }
  }
  return byName;
}

/** What a selector of `simpleSelector`'s form means: those of its last name that match the whole. */
function select(selector: string, byName: ReadonlyMap<string, PageElement[]>): PageElement[] {
  const last = /[.#][\w-]+$/.exec(selector)?.[0] ?? "";
  const named = byName.get(last) ?? [];
  return last === selector ? named : named.filter((element) => element.matches(selector));
}

/** Rules that always hold on a screen: those of `@media screen`, `@layer` and `@supports` too, but of no other block. */
function* topLevelRules(sheet: string, nesting = 0): Generator<{ selectors: string; declarations: string }> {
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
        const block = text.slice(start, index);
        if (!selectors.startsWith("@")) yield { selectors, declarations: block };
        else if (nesting < 3 && alwaysHolds.test(selectors)) yield* topLevelRules(block, nesting + 1);
        start = index + 1;
      }
    } else if (character === ";" && depth === 0) {
      start = index + 1;
    }
  }
}
