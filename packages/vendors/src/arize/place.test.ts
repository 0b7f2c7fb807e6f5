import { Secret } from "@sophia/core/config/secret";
import { expect, test } from "vitest";
import { arize } from "./service.ts";
import { findArize, isPhoenix, toOtlpDestination } from "./place.ts";

const key = new Secret("k");
const defaults = { ARIZE_OTLP_ENDPOINT: "https://otlp.arize.com/v1", ARIZE_PROJECT_NAME: "sophia" };

test("key and space: Arize, in its region", () => {
  const eu = {
    ...defaults,
    ARIZE_API_KEY: key,
    ARIZE_SPACE_ID: "s",
    ARIZE_OTLP_ENDPOINT: "https://otlp.eu-west-1a.arize.com/v1/",
  };
  const place = findArize(eu);
  expect(place).toMatchObject({
    kind: "cloud",
    otlpBaseUrl: "https://otlp.eu-west-1a.arize.com/v1",
    restBaseUrl: "https://api.eu-west-1a.arize.com",
    graphBaseUrl: "https://app.eu-west-1a.arize.com",
  });
  expect(place && toOtlpDestination(place, "x")).toMatchObject({
    auth: { in: "header", name: "arize-api-key" },
    headers: { "arize-space-id": "s" },
    path: "/traces",
  });
});

test("an address of one's own and no space: Phoenix, with a key or without", () => {
  const own = { ...defaults, ARIZE_OTLP_ENDPOINT: "http://localhost:6006/v1" };
  expect(findArize(own)).toMatchObject({ kind: "phoenix", restBaseUrl: "http://localhost:6006", apiKey: undefined });
  const place = findArize({ ...own, ARIZE_API_KEY: key });
  expect(place && toOtlpDestination(place, "x").auth).toMatchObject({ in: "bearer" });
  expect([isPhoenix("https://otlp.arize.com/v1"), isPhoenix("https://notarize.com/v1")]).toEqual([false, true]);
});

test("nothing is configured by default, and the mode says what was found", () => {
  expect(findArize(defaults)).toBeUndefined();
  const modeOf = (config: object, simulate = false) =>
    arize.modes({ config: { ...defaults, ...config }, simulate, facts: { modelEndpoints: [], dockerAnswers: false } })
      .mode;
  expect(modeOf({})).toBe("off");
  expect(modeOf({}, true)).toBe("simulated");
  expect(modeOf({ ARIZE_API_KEY: key })).toBe("off");
  expect(modeOf({ ARIZE_OTLP_ENDPOINT: "http://localhost:6006/v1" }, true)).toBe("local");
  expect(modeOf({ ARIZE_API_KEY: key, ARIZE_SPACE_ID: "s" })).toBe("live");
});
