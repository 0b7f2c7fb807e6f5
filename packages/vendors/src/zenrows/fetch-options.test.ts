import { expect, test } from "vitest";
import { estimateZenRowsCost, readCost } from "./cost.ts";
import { fetchQuery, type ZenRowsFetch } from "./fetch-options.ts";

const url = "https://a.example/";
const wrong: Partial<ZenRowsFetch>[] = [
  { url: "ftp://a.example/" },
  { url: "a.example" },
  { url: "https://user:pass@a.example/" },
  { outputs: ["links"], autoparse: true },
  { cssExtractor: { a: "b" }, responseType: "markdown" },
  { autoparse: true, responseType: "pdf" },
  { outputs: ["links"], cssExtractor: { a: "b" } },
  { proxyCountry: "de" },
  { proxyCountry: "de", power: "js_render" },
  { proxyCountry: "Germany", power: "both" },
  { waitMs: 10 },
  { waitMs: 30_001, power: "js_render" },
  { waitFor: "p", power: "premium_proxy" },
  { screenshot: "view" },
  { screenshot: "view", power: "js_render", responseType: "pdf" },
  { instructions: [{ click: "a" }] },
  { sessionId: 0 },
  { allowedStatuses: [99] },
];
test.each(wrong)("%j is refused here, and not by the vendor", (request) => {
  expect(() => fetchQuery({ url, ...request })).toThrow(expect.objectContaining({ kind: "invalid_input" }));
});

test("only what was asked for goes out", () => {
  const defined = (request: ZenRowsFetch): unknown => JSON.parse(JSON.stringify(fetchQuery(request)));
  expect(defined({ url })).toEqual({ url });
  expect(defined({ url, power: "auto", proxyCountry: "DE", waitFor: "p" })).toEqual({
    url,
    mode: "auto",
    proxy_country: "de",
    wait_for: "p",
  });
  expect(defined({ url, power: "both", cssExtractor: { t: "h1" } })).toEqual({
    url,
    js_render: true,
    premium_proxy: true,
    css_extractor: '{"t":"h1"}',
  });
});

test("a cost is the vendor's where it tells one, in USD", () => {
  expect(readCost({ "x-request-cost": "0.0028", "x-request-credits": "10" }, "auto")).toEqual({
    credits: 10,
    costUsd: 0.0028,
    kind: "actual",
  });
  expect(readCost({ "x-request-cost": "many" }, "both")).toEqual(estimateZenRowsCost("both"));
  expect(estimateZenRowsCost("js_render", 3)).toMatchObject({ credits: 15, kind: "estimate" });
});
