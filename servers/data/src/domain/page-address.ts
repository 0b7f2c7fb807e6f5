import { AppError } from "@sophia/core/errors/app-error";

/** Parameters that name a campaign or a click, never a page. */
const trackingNames =
  /^(?:utm_\w+|fbclid|gclid|dclid|gbraid|wbraid|msclkid|mc_cid|mc_eid|igshid|yclid|_hsenc|_hsmi|vero_id|twclid)$/i;

/**
 * What a caller gave as an address → one normal form. A list or a string in JSON quotes is unwrapped: some clients
 * encode arguments twice.
 * @throws AppError invalid_input for anything but one http(s) address without credentials
 */
export function parsePageAddress(value: string): string {
  const text = unwrap(value.trim());
  const url = URL.parse(/^[\w-]+(?:\.[\w-]+)+(?:[/?#:]|$)/.test(text) ? `https://${text}` : text);
  if (!url) throw refuse("This is not a web address.");
  if (url.protocol !== "http:" && url.protocol !== "https:") throw refuse("Only http and https addresses can be read.");
  if (url.username !== "" || url.password !== "") throw refuse("The address holds a user name or password.");
  if (url.href.length > 4096) throw refuse("The address is longer than 4,096 characters.");
  url.hash = "";
  return url.href;
}

function unwrap(text: string): string {
  if (!/^["[]/.test(text)) return text;
  let inner: unknown;
  try {
    inner = JSON.parse(text);
  } catch {
    throw refuse("This is not a web address.");
  }
  if (Array.isArray(inner) && inner.length > 1) throw refuse("One call reads one page.");
  const first: unknown = Array.isArray(inner) ? inner[0] : inner;
  if (typeof first !== "string") throw refuse("This is not a web address.");
  return first.trim();
}

function refuse(message: string): AppError {
  return new AppError("invalid_input", message, {
    hint: 'Give one full address such as "https://example.com/page", and call once for each page.',
  });
}

/** What makes two addresses the same page: no fragment, no tracking parameters. The page itself is fetched as asked. */
export function toUrlKey(address: string): string {
  const url = new URL(address);
  url.hash = "";
  for (const name of Array.from(url.searchParams.keys())) {
    if (trackingNames.test(name)) url.searchParams.delete(name);
  }
  return url.href;
}

/** Host without `www.`, as people name a site. */
/** What a caller names as a site, be it a host, host:port or a whole address → as {@link toSite} keeps it. */
export function parseSite(value: string): string {
  const text = value.trim().toLowerCase();
  const url = URL.parse(/^https?:\/\//.test(text) ? text : `http://${text}`);
  return url ? toSite(url.href) : text;
}

export function toSite(address: string): string {
  return new URL(address).hostname.replace(/^www\./, "");
}
