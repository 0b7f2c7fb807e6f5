import { expect, test } from "vitest";
import { toLogAddress } from "./log-address.ts";

test.each([
  ["https://example.com/a/b", "https://example.com/a/b"],
  ["https://example.com/?token=abc&q=jo.bloggs%40example.org&q=2", "https://example.com/?token=*&q=*"],
  ["https://user:password@example.com:8443/a#access_token=abc", "https://example.com:8443/a"],
  ["https://example.com/u/jo.bloggs%40example.org/feed", "https://example.com/u/[email 1]/feed"],
  ["https://example.com/%E0%A4%A", "https://example.com/%E0%A4%A"],
  ["https://example.com/a%0Aforged", "https://example.com/a forged"],
  ["no address", "not an address"],
])("%s is logged as %s", (address, shown) => {
  expect(toLogAddress(address)).toBe(shown);
});

test("however long, it stays short", () => {
  expect(toLogAddress(`https://example.com/${"a".repeat(5_000)}`).length).toBe(500);
});
