const known = new Set(
  (
    "apikey url mode js_render premium_proxy proxy_country wait wait_for js_instructions css_extractor autoparse " +
    "extract outputs response_type json_response screenshot screenshot_fullpage screenshot_selector screenshot_format " +
    "screenshot_quality session_id original_status allowed_status_codes custom_headers block_resources"
  ).split(" "),
);
const shapes = ["outputs", "css_extractor", "autoparse", "response_type"];

/** Which of the vendor's codes refuses these. https://docs.zenrows.com/universal-scraper-api/api-reference */
export function checkParameters(query: URLSearchParams): "REQS001" | "REQS004" | undefined {
  const url = query.get("url") ?? "";
  if (!URL.canParse(url) || [...query.keys()].some((name) => !known.has(name))) return "REQS004";
  if (new URL(url).hostname === "forbidden.example") return "REQS001";
  const isAuto = query.get("mode") === "auto";
  if (isAuto && (query.has("js_render") || query.has("premium_proxy"))) return "REQS004";
  if (query.has("proxy_country") && !isAuto && query.get("premium_proxy") !== "true") return "REQS004";
  if (shapes.filter((name) => query.has(name)).length > 1) return "REQS004";
  if (Number(query.get("wait") ?? 0) > 30_000) return "REQS004";
  const needsBrowser = ["wait", "wait_for", "js_instructions", "screenshot", "json_response", "block_resources"];
  const hasBrowser = isAuto || query.get("js_render") === "true";
  if (!hasBrowser && needsBrowser.some((name) => query.has(name))) return "REQS004";
  return isJson(query.get("css_extractor")) && isJson(query.get("js_instructions")) ? undefined : "REQS004";
}

function isJson(text: string | null): boolean {
  if (text === null) return true;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
