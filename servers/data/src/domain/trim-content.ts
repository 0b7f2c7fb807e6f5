import { foldedText, isElement, type PageElement, type PageNode } from "./dom.ts";
import { linkShare } from "./readable-content.ts";

/** Names that sites give to what stands around an article. Whole words of class and id only. */
const furniture =
  /(?:^|[\s_-])(?:related|recirc\w*|read-?more|see-?also|more-?(?:from|stories|news|on)|recommend\w*|trending|most-?(?:read|popular|viewed)|popular|shar(?:e|ing)\w*|social\w*|follow-?us|newsletter\w*|subscri\w+|sign-?up|promo\w*|sponsor\w*|advert\w*|ads?|outbrain|taboola|breadcrumbs?|by-?lines?|datelines?|time-?stamps?|pub-?date|posted-on|entry-(?:meta|footer|utility)|post-(?:meta|tags|nav\w*|footer)|article-(?:meta|tags|tools|footer)|meta-?data|captions?|wp-caption-text|credits?|gallery\w*|slide-?shows?|carousel\w*|author-?(?:bio|box|info|card)|about-?(?:the-)?author|bio-?box|comments?|disqus\w*|tool-?bar|tools|print|tags?|topics|keywords|nav\w*|menu\w*|pagination|pager|cookie\w*|consent\w*|paywall|login|sign-?in|skip-?link|sr-only|visually-?hidden|screen-?reader(?:-text)?|rollover\w*|tooltip\w*|popover\w*|copyright|disclaimer|hatnote|mw-editsection|toc|navbox|catlinks|noprint)(?=$|[\s_-])/i;

const neverFurniture = /^(?:BODY|ARTICLE|MAIN|PRE|CODE|TABLE|TBODY|TR|TD|TH|IMG)$/;
/** Also the parts of a comment, such as `comment-body`. */
const discussion = /(?:^|[\s_-])comments?(?=$|[\s_-])/i;

const furnitureTags =
  "figcaption, nav, footer, aside, [role=navigation], [role=complementary], [role=toolbar], [role=tooltip]";

/** Lines that point elsewhere, in the languages we meet most. */
const pointer =
  /^\W*(?:read (?:more|also|next|the full|our)|see (?:more|also|full)|related(?: (?:articles?|stories|coverage|reading|topics|posts?|links?|content|products?|items|videos?|pages?))?\s*(?:[:>]|$)|more (?:from|on|about)\b.{0,60}$|more\b.{0,40}\b(?:stories|articles|news|coverage|headlines)$|don['’]?t miss|recommended(?: for you)?$|similar (?:articles?|stories|posts?|products?|items)$|(?:customers|people|readers) also (?:bought|viewed|liked|ask|read)\b.{0,40}$|you (?:may|might) also (?:like|be interested)|also (?:read|see)|must[- ]read|trending|watch(?: now| also)?:|click here|continue reading|keep reading|latest news|breaking news|story continues|article continues|advertisement|sponsored|lesen sie auch|mehr zum thema|lire aussi|à lire aussi|leer más|lea también|te puede interesar|leia (?:mais|também)|leggi anche|lees ook|läs (?:mer|också)|читайте также|あわせて読みたい|関連記事|相关阅读|관련기사)/iu;

/** Lines of the frame around an article: dates, credits, buttons, contact and subscription notes. */
const frame =
  /^\W*(?:(?:first |last |originally )?(?:published|updated|posted|modified|created|reviewed)\b(?=.{0,8}[\d:|]|\s+(?:on|at|by|mon|tue|wed|thu|fri|sat|sun|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)).{0,110}$|(?:photo|image|picture|foto|video|source|credit)s?\s*(?:credits?|by|:|\d+ (?:of|\/)).{0,140}$|image \d+ of|\d+ (?:of|\/) \d+$|share (?:this|on|via|with)\b.{0,60}$|(?:share|tweet|print|email|e-mail|comments?|close|caption|menu|search|home|sign in|log in|subscribe|text size|order reprints|print article|reprints|advertisement|getty images?|newsletters?|facebook|twitter|whatsapp|linkedin|pinterest|copy link|save|reply|like|next|previous|back to top|loading\.*|_+|\d+ comments?|leave a (?:comment|reply))$|(?:sign|signed) up (?:for|to)\b.{0,200}$|subscribe (?:to|now|today|for)\b.{0,200}$|(?:receive|get) (?:the|our|all|your) .{0,80}\b(?:inbox|newsletter|app|alerts)\b.{0,80}$|follow (?:us|him|her|them|me|@?\w+(?: \w+)?) on\b.{0,220}$|(?:write|e-?mail|contact|reach)\b.{0,60}(?:\bat\b|\bon\b).{0,20}(?:\S+@\S+|https?:|@\w+).{0,140}$|have (?:a|an|any) (?:news tip|tips?|comments?|corrections?)\b.{0,200}$|(?:copyright|©|\(c\)) .{0,200}$|all rights reserved.{0,120}$|download (?:the|our) .{0,60}\bapp\b.{0,60}$|by using this site.{0,200}$|(?:we|this (?:web)?site|our (?:web)?site) uses? (?:\w+ )?cookies\b.{0,250}$|https?:\/\/\S+$|filed under\b.{0,120}$|tags?:.{0,200}$|(?:\d{1,3} )?min(?:ute)?s? read$)/iu;

const imageNote = /\((?:image|photo|picture|credit|foto|ap photo|reuters|getty)\b[^)]{0,80}\)\s*$/iu;

const blockSelector =
  "p, li, h1, h2, h3, h4, h5, h6, div, span, section, ul, ol, dl, header, time, address, strong, center";

/** Takes away, in place, what stands around and between the main text. Never more than a third of it by name, or any long prose. */
export function trimContent(root: PageElement, title: string | null): void {
  removeFurniture(root);
  removeBeforeHeadline(root, title);
  removeFrameLines(root);
  removeLinkLists(root);
}

function removeFurniture(root: PageElement): void {
  const whole = foldedText(root).length;
  for (const element of root.querySelectorAll(furnitureTags)) {
    if (foldedText(element).length < whole * 0.3) element.remove();
  }
  const named = [...root.querySelectorAll("[class], [id]")].filter(
    (element) => furniture.test(`${element.className} ${element.id}`) && !neverFurniture.test(element.nodeName),
  );
  const isDiscussion = isMostlyDiscussion(root, named, whole);
  for (const element of named) {
    if (!root.contains(element) || (isDiscussion && discussion.test(`${element.className} ${element.id}`))) continue;
    const length = foldedText(element).length;
    if (length < whole * 0.15 || (length < whole * 0.33 && linkShare(element, length) > 0.5)) element.remove();
  }
}

/** Where what is named a comment makes up most of the text, the comments are what the page is for. */
function isMostlyDiscussion(root: PageElement, named: readonly PageElement[], whole: number): boolean {
  const seen = new Set<PageElement>();
  let length = 0;
  for (const element of named) {
    if (!discussion.test(`${element.className} ${element.id}`)) continue;
    seen.add(element);
    let node = element.parentNode;
    while (node && node !== root && !seen.has(node)) node = node.parentNode;
    if (!node || !seen.has(node)) length += foldedText(element).length;
  }
  return length > whole * 0.5;
}

/** Readability often keeps the site's head above the headline; nothing before the headline belongs to the text. */
function removeBeforeHeadline(root: PageElement, title: string | null): void {
  if (!title) return;
  const key = toKey(title);
  const headline = [...root.querySelectorAll("h1, h2")].find((heading) => {
    const text = toKey(foldedText(heading));
    return text === key || (text.length > 8 && (key.includes(text) || text.includes(key)));
  });
  if (!headline) return;
  const before: PageNode[] = [];
  for (let node: PageElement | null = headline; node && node !== root; node = node.parentNode) {
    for (let sibling = node.previousSibling; sibling; sibling = sibling.previousSibling) before.push(sibling);
  }
  const length = before.reduce((sum, node) => sum + foldedText(node).length, 0);
  if (length > foldedText(root).length * 0.3) return;
  for (const node of before) node.remove();
  headline.remove();
}

function toKey(text: string): string {
  return text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "");
}

function removeFrameLines(root: PageElement): void {
  for (const element of root.querySelectorAll(blockSelector)) {
    const text = foldedText(element);
    if (text.length === 0 || text.length > 320 || !root.contains(element)) continue;
    if (/^(?:SPAN|STRONG)$/.test(element.nodeName) && !isAloneInParent(element, text)) continue;
    if (frame.test(text) || imageNote.test(text)) element.remove();
    else if (pointer.test(text) && text.length < 200) removePointer(element, text);
  }
}

function isAloneInParent(element: PageElement, text: string): boolean {
  return foldedText(element.parentNode) === text;
}

/** "Read more: <link>" goes; so does the list of links that a bare "Related" heads. A sentence that merely begins so stays. */
function removePointer(element: PageElement, text: string): void {
  const share = linkShare(element, text.length);
  const isBare = text.split(/\s+/).length <= 5;
  if (share < 0.3 && !isBare && /[.!?]$/.test(text)) return;
  let next = element.nextSibling;
  if (isBare && share < 0.9) {
    while (next && !isElement(next) && foldedText(next) === "") next = next.nextSibling;
    if (next && isElement(next)) {
      const length = foldedText(next).length;
      if ((length < 600 && linkShare(next, length) > 0.6) || isListOfLinks(next)) next.remove();
    }
  }
  element.remove();
}

/** A list whose every entry leads elsewhere, even if only some of its words are the link. */
function isListOfLinks(element: PageElement): boolean {
  const entries = /^[UO]L$/.test(element.nodeName) ? [...element.children] : [];
  const leading = entries.filter((entry) => entry.querySelector("a") && foldedText(entry).length < 200);
  return entries.length >= 2 && leading.length >= entries.length * 0.8;
}

/** Paragraphs and lists that are nothing but links, between paragraphs of prose. Pages that are themselves lists of links keep theirs. */
function removeLinkLists(root: PageElement): void {
  const whole = foldedText(root).length;
  if (linkShare(root, whole) > 0.4) return;
  for (const element of root.querySelectorAll("p, ul, ol, h2, h3, h4, h5, h6, div")) {
    if (!root.contains(element)) continue;
    const length = foldedText(element).length;
    if (length === 0 || length > 400 || length < 25 || linkShare(element, length) < 0.9) continue;
    const isHeading = /^H\d$/.test(element.nodeName);
    const isListOfContents = [...element.querySelectorAll("a")].every((link) =>
      link.getAttribute("href")?.startsWith("#"),
    );
    if (!isHeading && !isListOfContents) element.remove();
  }
}
