import { AppError } from "@sophia/core/errors/app-error";
import type { Query } from "@sophia/core/http/target";
import type { ZenRowsPower } from "./cost.ts";

export type ZenRowsScreenshot = "view" | "full_page" | { selector: string };

export interface ZenRowsFetch {
  url: string;
  /** Default basic. */
  power?: ZenRowsPower;
  /** ISO 3166-1, two letters; with a premium proxy or auto. */
  proxyCountry?: string;
  /** Up to 30 s after the page has loaded; needs a browser, as do the next three. */
  waitMs?: number;
  /** CSS selector. */
  waitFor?: string;
  /** https://docs.zenrows.com/universal-scraper-api/features/js-instructions */
  instructions?: readonly Readonly<Record<string, unknown>>[];
  blockResources?: readonly string[];
  /** Of these four at most one. */
  outputs?: readonly string[];
  cssExtractor?: Readonly<Record<string, string>>;
  autoparse?: boolean;
  responseType?: "markdown" | "plaintext" | "pdf";
  /** By ZenRows' own models, where the domain has it. */
  extract?: "auto";
  /** HTML with what the page loaded beside it; needs a browser. */
  jsonResponse?: boolean;
  screenshot?: ZenRowsScreenshot;
  /** Keeps the proxy's address for 10 minutes. */
  sessionId?: number;
  /** The target's own status and page, also when it is an error. */
  originalStatus?: boolean;
  allowedStatuses?: readonly number[];
  /** For the target. */
  headers?: Readonly<Record<string, string>>;
  /** Makes it a POST to the target: a form as text, or an object for JSON. */
  body?: string | Readonly<Record<string, unknown>>;
}

const longestWaitMs = 30_000;
const largestSessionId = 99_999;

/** The query of a request, checked: a refusal by the vendor counts towards a ban. */
export function fetchQuery(request: ZenRowsFetch): Query {
  checkFetch(request);
  const { power = "basic", screenshot } = request;
  return {
    url: request.url,
    mode: power === "auto" ? "auto" : undefined,
    js_render: power === "js_render" || power === "both" ? true : undefined,
    premium_proxy: power === "premium_proxy" || power === "both" ? true : undefined,
    proxy_country: request.proxyCountry?.toLowerCase(),
    wait: request.waitMs,
    wait_for: request.waitFor,
    js_instructions: toJson(request.instructions),
    block_resources: request.blockResources?.join(","),
    outputs: request.outputs?.join(","),
    css_extractor: toJson(request.cssExtractor),
    autoparse: request.autoparse === true ? true : undefined,
    response_type: request.responseType,
    extract: request.extract,
    json_response: request.jsonResponse === true ? true : undefined,
    screenshot: screenshot === undefined ? undefined : true,
    screenshot_fullpage: screenshot === "full_page" ? true : undefined,
    screenshot_selector: typeof screenshot === "object" ? screenshot.selector : undefined,
    session_id: request.sessionId,
    original_status: request.originalStatus === true ? true : undefined,
    allowed_status_codes: request.allowedStatuses?.join(","),
    custom_headers: request.headers === undefined ? undefined : true,
  };
}

function toJson(value: unknown): string | undefined {
  return value === undefined ? undefined : JSON.stringify(value);
}

function checkFetch(request: ZenRowsFetch): void {
  checkUrl(request.url);
  checkShapes(request);
  checkBrowser(request);
  const { proxyCountry, power = "basic", sessionId, waitMs, allowedStatuses = [] } = request;
  if (proxyCountry !== undefined) {
    if (!/^[a-z]{2}$/i.test(proxyCountry)) throw refuse("proxyCountry is no country.", "Two letters, e.g. de.");
    if (power === "basic" || power === "js_render") {
      throw refuse("proxyCountry needs a premium proxy.", "Ask for power premium_proxy, both or auto.");
    }
  }
  if (waitMs !== undefined && !isWhole(waitMs, 0, longestWaitMs)) {
    throw refuse(`waitMs must be from 0 to ${longestWaitMs}.`, "Wait for a selector instead.");
  }
  if (sessionId !== undefined && !isWhole(sessionId, 1, largestSessionId)) {
    throw refuse(`sessionId must be from 1 to ${largestSessionId}.`, "Choose another number.");
  }
  if (!allowedStatuses.every((status) => isWhole(status, 100, 599))) {
    throw refuse("allowedStatuses holds what is no HTTP status.", "Leave it out.");
  }
}

/** ZenRows fetches it, not we: refused is only what cannot be meant. Addresses inside networks are the caller's check. */
function checkUrl(text: string): void {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol))
    throw refuse("The address is no http or https one.", "Write it in full.");
  if (url.username !== "" || url.password !== "") {
    throw refuse("The address holds a user name or a password.", "Leave it out: it would reach a third party.");
  }
}

function checkShapes(request: ZenRowsFetch): void {
  const shapes = {
    outputs: request.outputs !== undefined,
    cssExtractor: request.cssExtractor !== undefined,
    autoparse: request.autoparse === true,
    responseType: request.responseType !== undefined,
    extract: request.extract !== undefined,
    screenshot: request.screenshot !== undefined,
  };
  const chosen = Object.entries(shapes).filter(([, isChosen]) => isChosen);
  if (chosen.length > 1)
    throw refuse(`${chosen.map(([name]) => name).join(" and ")} exclude each other.`, "Choose one.");
}

function checkBrowser({ power = "basic", ...request }: ZenRowsFetch): void {
  if (power === "js_render" || power === "both" || power === "auto") return;
  const wanting = {
    waitMs: request.waitMs,
    waitFor: request.waitFor,
    instructions: request.instructions,
    blockResources: request.blockResources,
    screenshot: request.screenshot,
    jsonResponse: request.jsonResponse === true ? true : undefined,
  };
  const name = Object.entries(wanting).find(([, value]) => value !== undefined)?.[0];
  if (name !== undefined) throw refuse(`${name} needs a browser.`, "Ask for power js_render, both or auto.");
}

function isWhole(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}

function refuse(what: string, hint: string): AppError {
  return new AppError("invalid_input", what, { hint, service: "zenrows" });
}
