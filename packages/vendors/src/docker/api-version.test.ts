import { describe, expect, it } from "vitest";
import { compareApiVersions, negotiateApiVersion } from "./api-version.ts";

const engine = (apiVersion: string, minimumApiVersion: string) => ({ version: "x", apiVersion, minimumApiVersion });

describe("negotiateApiVersion", () => {
  it.each([
    ["1.41", "1.12", "1.41"],
    ["1.51", "1.24", "1.51"],
    ["1.60", "1.44", "1.56"],
  ])("engine %s (from %s) → %s", (apiVersion, minimum, chosen) => {
    expect(negotiateApiVersion(engine(apiVersion, minimum))).toBe(chosen);
  });

  it.each([
    ["1.9", "1.9", "not_configured"],
    ["1.70", "1.60", "not_configured"],
    ["1.41/../../x", "1.12", "upstream"],
    ["", "1.12", "upstream"],
  ])("refuses engine %j (from %j) as %s", (apiVersion, minimum, kind) => {
    expect(() => negotiateApiVersion(engine(apiVersion, minimum))).toThrow(expect.objectContaining({ kind }));
  });

  it("compares numbers, not text", () => {
    expect(compareApiVersions("1.9", "1.41")).toBeLessThan(0);
    expect(compareApiVersions("2.0", "1.99")).toBeGreaterThan(0);
  });
});
