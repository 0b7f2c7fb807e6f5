import { Secret } from "@sophia/core/config/secret";
import { expect, test } from "vitest";
import { readVendorEndpoints, type VendorSettings } from "./vendor-endpoints.ts";

const none = {} as VendorSettings;

test("no key, no endpoint", () => {
  expect(readVendorEndpoints(none)).toEqual([]);
});

test("each key brings its provider, with what it does differently", () => {
  const key = new Secret("k");
  const settings = {
    OPENROUTER_API_KEY: key,
    TOGETHER_API_KEY: key,
    HF_TOKEN: key,
    PORTKEY_API_KEY: key,
    PORTKEY_BASE_URL: "http://gateway:8787/v1",
    PORTKEY_CONFIG: "pc-main",
    PORTKEY_PROVIDER: "@openai",
  } as VendorSettings;
  const endpoints = readVendorEndpoints(settings);
  expect(endpoints.map(({ service, mode, baseUrl }) => [service, mode, baseUrl])).toEqual([
    ["openrouter", "live", "https://openrouter.ai/api/v1"],
    ["together", "live", "https://api.together.ai/v1"],
    ["huggingface", "live", "https://router.huggingface.co/v1"],
    ["portkey", "live", "http://gateway:8787/v1"],
  ]);
  expect(endpoints.map(({ profile }) => profile?.service)).toEqual(endpoints.map(({ service }) => service));
  expect(endpoints.at(-1)?.profile?.headers).toEqual({
    "x-portkey-config": "pc-main",
    "x-portkey-provider": "@openai",
  });
});
