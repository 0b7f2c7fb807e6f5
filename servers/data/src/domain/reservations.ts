import { robotName } from "./robots.ts";

/** What a site's owner does not want done with a page, by X-Robots-Tag, `<meta name="robots">` or TDMRep. */
export const reservationNames = [
  "noai",
  "noimageai",
  "noindex",
  "noarchive",
  "nosnippet",
  "none",
  "tdm-reservation",
] as const;
export type Reservation = (typeof reservationNames)[number];

const known: ReadonlySet<string> = new Set(reservationNames);
const headCharacters = 200_000;

/**
 * The flags among what was sent, once each. In a header a name before a colon says which program is meant; what is
 * meant for others is left out. https://developers.google.com/search/docs/crawling-indexing/robots-meta-tag
 */
export function toReservations(robotsTag: string | null, isTdmReserved: boolean): Reservation[] {
  const found = new Set<string>();
  let isForUs = true;
  for (const part of (robotsTag ?? "").toLowerCase().split(",")) {
    const [first = "", ...rest] = part.split(":").map((word) => word.trim());
    const isNamed =
      rest.length > 0 && !/^(?:max-snippet|max-image-preview|max-video-preview|unavailable_after)$/.test(first);
    if (isNamed) isForUs = first === robotName.toLowerCase();
    const flag = isNamed ? (rest[0] ?? "") : first;
    if (isForUs && known.has(flag)) found.add(flag);
  }
  if (isTdmReserved) found.add("tdm-reservation");
  return reservationNames.filter((name) => found.has(name));
}

/** What a page says so in its head, in the form of the headers. */
export function readMetaReservations(html: string): { robotsTag: string | null; isTdmReserved: boolean } {
  const tags = html.slice(0, headCharacters).match(/<meta\b[^>]{1,500}>/gi) ?? [];
  const contentOf = (name: RegExp): string[] =>
    tags
      .filter((tag) => name.test(tag))
      .map((tag) => /\bcontent\s*=\s*["']?([^"'>]{0,200})/i.exec(tag)?.[1]?.trim() ?? "");
  const robots = contentOf(new RegExp(`\\bname\\s*=\\s*["']?(?:robots|${robotName})["'\\s/>]`, "i")).join(", ");
  const tdm = contentOf(/\bname\s*=\s*["']?tdm-reservation["'\s/>]/i);
  return { robotsTag: robots === "" ? null : robots, isTdmReserved: tdm.includes("1") };
}
