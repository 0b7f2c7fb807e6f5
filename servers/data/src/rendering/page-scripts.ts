// Run in the browser, in a world of their own that the page's scripts cannot reach. Kept as text: they are no part of
// this program, and its types know no browser.

/**
 * Takes out what the browser does not show, as only it knows from all style sheets, and gives the page's HTML. What is
 * `hidden` by visibility may have visible children, and stays around them.
 */
export const takeShownHtml = `(() => {
  const doc = document;
  const none = new Set();
  const keep = new Set(["HEAD", "SCRIPT", "STYLE", "LINK", "META", "TITLE", "BASE", "BR", "WBR", "HTML", "BODY"]);
  const elements = [];
  const hosts = [];
  const collect = (root, selector) => {
    for (const element of root.querySelectorAll(selector)) {
      elements.push(element);
      if (!element.shadowRoot) continue;
      hosts.push(element);
      collect(element.shadowRoot, "*");
    }
  };
  collect(doc, "body *");
  if (elements.length > 60000) return doc.documentElement.outerHTML.slice(0, 4000000);
  const isPale = (style, element) => {
    const alpha = /^rgba\\(.*,\\s*0(?:\\.0+)?\\)$/;
    if (alpha.test(style.color)) return true;
    for (let at = element; at; at = at.parentElement) {
      const behind = getComputedStyle(at);
      if (behind.backgroundImage !== "none") return false;
      if (!alpha.test(behind.backgroundColor)) return behind.backgroundColor === style.color;
    }
    return style.color === "rgb(255, 255, 255)";
  };
  const hasOwnText = (element) => Array.from(element.childNodes).some((node) => node.nodeType === 3 && node.data.trim() !== "");
  const gone = [];
  const blanked = [];
  for (const element of elements) {
    if (keep.has(element.tagName) || (element.parentElement && none.has(element.parentElement) && none.add(element))) continue;
    const style = getComputedStyle(element);
    const box = element.getBoundingClientRect();
    const left = box.left + scrollX;
    const top = box.top + scrollY;
    const isSmall = (box.width <= 1 || box.height <= 1) && (style.overflow !== "visible" || style.clip !== "auto" || style.clipPath !== "none");
    const isOutside = box.width > 0 && box.height > 0 && (left + box.width <= 0 || top + box.height <= 0 || left >= Math.max(doc.documentElement.scrollWidth, innerWidth));
    if (style.display === "none" || Number(style.opacity) < 0.1 || isSmall || isOutside) {
      none.add(element);
      gone.push(element);
    } else if ((style.visibility !== "visible" || parseFloat(style.fontSize) < 2 || isPale(style, element)) && hasOwnText(element)) {
      blanked.push(element);
    }
  }
  for (const element of blanked) for (const node of Array.from(element.childNodes)) if (node.nodeType === 3) node.remove();
  for (const element of gone) element.remove();
  // What a component shows is no part of the page's HTML until it is put in its place.
  for (const host of hosts.reverse()) {
    const shadow = host.shadowRoot;
    for (const slot of shadow.querySelectorAll("slot")) slot.replaceWith(...(slot.assignedNodes().length > 0 ? slot.assignedNodes() : slot.childNodes));
    host.replaceChildren(...Array.from(shadow.childNodes).filter((node) => node.nodeName !== "STYLE"));
  }
  return doc.documentElement.outerHTML.slice(0, 4000000);
})()`;

export function hasSelector(selector: string): string {
  return `(() => { try { return document.querySelector(${JSON.stringify(selector)}) !== null; } catch { return "wrong"; } })()`;
}

/** Before any script of a page: nothing that outlives it or opens another one. */
export const closeWays = `(() => {
  try { delete Navigator.prototype.serviceWorker; } catch {}
  window.open = () => null;
  window.print = () => {};
})()`;
