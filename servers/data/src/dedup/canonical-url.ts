/** Parameters that tell who clicked where, never what is shown. From the vendors' own documentation of each. */
const trackingNames = new RegExp(
  `^(?:${[
    "utm_\\w+",
    "(?:fb|g|d|y|ys|tw|tt|rb_)clid|msclkid|gclsrc|gbraid|wbraid|srsltid",
    "gad_source|gad_campaignid|mc_[ce]id|igsh(?:id)?|li_fat_id|_openstat|_g[al]|__twitter_impression",
    "_hsenc|_hsmi|__hs(?:tc|sc|fp)|hsctatracking|vero_(?:id|conv)|oly_(?:anon|enc)_id|mkt_tok|ml_subscriber(?:_hash)?",
    "cmpid|at_(?:medium|campaign|custom\\d)|trk(?:campaign|contact|info)|spm|scm|wt\\.mc_id",
    "ns_(?:mchannel|source|campaign|linkname|fee)|ref_src|ref_url|guccounter|guce_referrer(?:_sig)?",
  ].join("|")})$`,
  "i",
);
/** These name a campaign on most sites and something shown on some: dropped only where the value cannot name content. */
const doubtfulNames = new Map<string, RegExp>([
  ["ref", /^(?:rss|feed|twitter|facebook|linkedin|newsletter|email|homepage|nav|footer|header|share|tw|fb)$/i],
  ["source", /^(?:rss|feed|twitter|facebook|linkedin|newsletter|email|homepage)$/i],
  ["from", /^(?:rss|feed|twitter|facebook|timeline|groupmessage|singlemessage)$/i],
]);
const indexFile = /\/(?:index\.(?:html?|php|aspx?|jsp|cfm)|default\.(?:html?|aspx?))$/i;
const sessionPart = /;(?:jsessionid|phpsessid|sid)=[^/?#;]*/gi;

/**
 * The key under which addresses of one page are equal: scheme folded to https on the default port, host without a final point and in lower
 * case, default ports, fragment, tracking parameters, session part and index file gone, parameters in order, percent
 * signs in one spelling. `www.`, case of the path, double slashes and a final slash stay, for they can name other pages; so
 * does a fragment that begins with `#!`. Returns null for what is no http(s) address.
 */
export function toCanonicalKey(address: string): string | null {
  const url = URL.parse(address.trim());
  if (!url || (url.protocol !== "http:" && url.protocol !== "https:")) return null;
  const host = url.hostname.replace(/\.$/, "");
  // On a port of its own http and https are two servers.
  const origin = url.port === "" ? `https://${host}` : `${url.protocol}//${host}:${url.port}`;
  const path = oneSpelling(url.pathname.replace(sessionPart, "")).replace(indexFile, "/");
  const query = canonicalQuery(url.search);
  const fragment = url.hash.startsWith("#!") ? oneSpelling(url.hash) : "";
  return `${origin}${path}${query}${fragment}`;
}

/**
 * The key of a document: of the address that the page declares for itself, else of the one it was read from. A declared
 * start page is not believed of any other page: sites declare it for all of them by mistake.
 */
export function toDocumentKey(finalUrl: string, declared: string | null): string | null {
  const own = toCanonicalKey(finalUrl);
  const target = declared === null ? null : URL.parse(declared, finalUrl);
  const key = target === null ? null : toCanonicalKey(target.href);
  if (key === null) return own;
  const isStart = /^https?:\/\/[^/]+\/$/.test(key);
  return isStart ? own : key;
}

/** The same page as served to phones or through AMP, if the address looks like one: a hint for people, never a reason. */
export function toDesktopHint(address: string): string | null {
  const url = URL.parse(address);
  if (!url) return null;
  const before = url.href;
  url.hostname = url.hostname.replace(/^(?:m|mobile|amp)\.(?=[^.]+\.[^.]+)/, "");
  url.pathname = url.pathname
    .replace(/\/amp\/?$/, "/")
    .replace(/^\/amp\//, "/")
    .replace(/\.amp(?=\.html?$|$)/, "");
  url.searchParams.delete("amp");
  if (url.searchParams.get("outputType") === "amp") url.searchParams.delete("outputType");
  return url.href === before ? null : url.href;
}

/** Parameters are kept as written, only ordered by name; equal names keep their order, which can matter. */
function canonicalQuery(search: string): string {
  const parts = search
    .slice(1)
    .split("&")
    .filter((part) => part !== "")
    .map((part) => {
      const [name = "", ...rest] = part.split("=");
      return { name: decode(name), value: decode(rest.join("=")), text: oneSpelling(part) };
    });
  const kept = parts.filter(({ name, value }) => !trackingNames.test(name) && !doubtfulNames.get(name)?.test(value));
  const ordered = kept.toSorted((a, b) => (a.name === b.name ? 0 : a.name < b.name ? -1 : 1));
  return ordered.length === 0 ? "" : `?${ordered.map(({ text }) => text).join("&")}`;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** RFC 3986 section 6.2.2: unreserved characters bare, every other escape in capitals. */
function oneSpelling(text: string): string {
  return text.replace(/%[\da-f]{2}/gi, (escape) => {
    const character = String.fromCharCode(Number.parseInt(escape.slice(1), 16));
    return /[\w.~-]/.test(character) ? character : escape.toUpperCase();
  });
}
