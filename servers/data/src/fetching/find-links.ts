import { decodeText } from "../domain/charset.ts";
import { parseShallow } from "../domain/parse-shallow.ts";
import type { FetchedBody } from "./page-fetcher.ts";

const maxLinks = 2_000;
const maxCharacters = 2_000_000;
/** Files that are never pages; asking for them would only spend the site's budget. */
const otherFile =
  /\.(?:jpe?g|png|gif|webp|svg|ico|css|m?js|woff2?|ttf|mp[34]|webm|zip|gz|tar|7z|exe|dmg|iso|pdf|docx?|xlsx?|pptx?)$/i;

/** Pages a document links to, in its order, once each, without fragments. Links marked nofollow are left out. */
export function findLinks({ body, contentType, finalUrl }: FetchedBody): string[] {
  const links = new Set<string>();
  let base = finalUrl;
  let isBaseSet = false;
  parseShallow(decodeText(body, contentType).slice(0, maxCharacters), {
    onopentag(name, attributes) {
      const { href } = attributes;
      if (href === undefined) return;
      if (name === "base" && !isBaseSet) {
        base = URL.parse(href, finalUrl)?.href ?? finalUrl;
        isBaseSet = true;
      }
      if ((name !== "a" && name !== "area") || links.size >= maxLinks) return;
      if (/\bnofollow\b/i.test(attributes["rel"] ?? "")) return;
      const url = URL.parse(href.trim(), base);
      if (!url || !/^https?:$/.test(url.protocol) || url.username !== "" || url.href.length > 4_096) return;
      if (otherFile.test(url.pathname)) return;
      url.hash = "";
      links.add(url.href);
    },
  });
  return [...links];
}
