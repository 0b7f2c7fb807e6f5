import robotsParser from "robots-parser";

/** The name that robots.txt rules are matched against. */
export const robotName = "SophiaBot";

/** What a site's robots.txt says to us. https://www.rfc-editor.org/rfc/rfc9309 */
export interface RobotsPolicy {
  /** False when the file could not be had: a site in trouble is left alone (RFC 9309 2.3.1.4). */
  isKnown: boolean;
  isAllowed(url: string): boolean;
  /** Wanted pause between two requests; 0 when the site names none. */
  crawlDelayMs: number;
  /** Addresses of sitemaps that the file names, as written. */
  sitemaps: readonly string[];
}

/** RFC 9309 2.5: at least 500 KiB must be read; what follows may be ignored. */
const maxCharacters = 512 * 1024;
const maxSitemaps = 50;

export const allowAll: RobotsPolicy = { isKnown: true, isAllowed: () => true, crawlDelayMs: 0, sitemaps: [] };
export const unknownPolicy: RobotsPolicy = { isKnown: false, isAllowed: () => false, crawlDelayMs: 0, sitemaps: [] };

// The package is CommonJS; its declared default export is the module itself.
const parse = robotsParser as unknown as (
  url: string,
  text: string,
) => {
  isAllowed(url: string, agent: string): boolean | undefined;
  getCrawlDelay(agent: string): number | undefined;
  getSitemaps(): string[];
};

/** Rules of one origin. A file that says nothing about an address allows it. */
export function parseRobots(robotsUrl: string, text: string): RobotsPolicy {
  const rules = parse(robotsUrl, text.slice(0, maxCharacters));
  const delaySeconds = rules.getCrawlDelay(robotName) ?? 0;
  return {
    isKnown: true,
    isAllowed: (url) => rules.isAllowed(url, robotName) ?? true,
    crawlDelayMs: Number.isFinite(delaySeconds) && delaySeconds > 0 ? delaySeconds * 1000 : 0,
    sitemaps: rules.getSitemaps().slice(0, maxSitemaps),
  };
}

/** The policy that an HTTP status alone means (RFC 9309 2.3.1); null when the body decides. */
export function policyOfStatus(status: number): RobotsPolicy | null {
  if (status >= 200 && status < 300) return null;
  // 429 is the server's trouble, not its permission.
  if (status >= 500 || status === 429) return unknownPolicy;
  return allowAll;
}
