import type { ZenRowsReply } from "./fetch.ts";

/** What the pages of bot protections hold, whatever status they come with. */
const challengeMarks: readonly RegExp[] = [
  // Cloudflare
  /\/cdn-cgi\/challenge-platform\/|\bcf-chl-|<title>\s*(?:Just a moment|Attention Required! \| Cloudflare)/i,
  // DataDome, PerimeterX, Imperva
  /captcha-delivery\.com|\bpx-captcha\b|_Incapsula_Resource/i,
  // Widgets that honest forms have as well
  /\bclass\s*=\s*["'][^"']*\b(?:g-recaptcha|h-captcha|cf-turnstile)\b/i,
];
/** Beyond that it is a page that has such a widget somewhere. */
const mostWordsOfChallenge = 120;
const leastCharacters = 20;
const unseen = ["script", "style", "template", "title", "noscript"];

/** False for a page that asks whether its reader is human, and for one that is empty until its scripts have run. */
export function isRealPage({ content }: Pick<ZenRowsReply, "content">): boolean {
  if (content.kind !== "html") return true;
  const text = visibleText(content.text);
  if (text.length < leastCharacters && /<script\b/i.test(content.text)) return false;
  const isShort = text.split(/\s+/).length <= mostWordsOfChallenge;
  return !(isShort && challengeMarks.some((mark) => mark.test(content.text)));
}

/** One pass, because hostile markup makes patterns with two ends take minutes. */
function visibleText(html: string): string {
  const lower = html.toLowerCase();
  const parts: string[] = [];
  let at = 0;
  while (at < html.length) {
    const opens = html.indexOf("<", at);
    parts.push(html.slice(at, opens === -1 ? undefined : opens));
    if (opens === -1) break;
    const hidden = unseen.find(
      (name) => lower.startsWith(`<${name}`, opens) && !/[\w-]/.test(lower[opens + name.length + 1] ?? ""),
    );
    const ends = hidden === undefined ? opens : lower.indexOf(`</${hidden}`, opens);
    const closes = ends === -1 ? -1 : html.indexOf(">", ends);
    if (closes === -1) break;
    at = closes + 1;
  }
  return parts.join(" ").trim();
}
