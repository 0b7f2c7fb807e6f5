import { Secret, unwrap } from "@sophia/core/config/secret";
import { keyAliases } from "@sophia/vendors/key-aliases";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findRefusal } from "../secrets/check-setting.ts";
import { listPlaces } from "../server-settings.ts";
import { placementKey, placeValues } from "./place-values.ts";
import type { PlaceOptions } from "./place-values.ts";

const places = listPlaces();
const options: PlaceOptions = {
  stageOf: () => "staging",
  places,
  otherOf: () => ({ project: "sophia", name: "other-staging" }),
  keepPlain: true,
};

/** For every variable there is one that its schema takes. */
const samples = [
  "an ordinary text",
  "an-ordinary-text-of-some-length-0123456789",
  "https://host.example",
  "postgres://host/db",
  "redis://host",
  "50",
  "0.5",
  "0 4 * * *",
  "off",
  "info",
  "development",
  "acme/sophia/name",
  "acme/repository",
  "-----BEGIN PRIVATE KEY-----\nA\n-----END PRIVATE KEY-----",
  "OAUTH",
  "ai=http://host:8091",
  "together=no_training",
  "together=us",
  "256",
  "4",
];

function place(...values: [string, string][]) {
  const found = values.map(([name, value]) => ({ scope: "file", name, value: new Secret(value) }));
  return placeValues(found, options);
}

describe("placeValues", () => {
  it("puts each variable that there is where the skeleton has it", () => {
    for (const { variable, path } of places) {
      const fitting = samples.find((sample) => findRefusal(variable, sample) === undefined);
      expect(fitting, variable).toBeDefined();
      const [placement] = place([variable, fitting ?? ""]);
      expect(placement?.path, variable).toEqual(path);
      expect(placement?.environment.name, variable).toMatch(/-staging$/);
    }
  });

  it("gives one place to one value: to the variable's own name, and to its other name when it is the same", () => {
    const [alias, own] = place(["GH_TOKEN", "first"], ["GITHUB_TOKEN", "second"]);
    expect([alias?.owner, own?.variable]).toEqual(["other", "GITHUB_TOKEN"]);
    expect(alias?.doubt).toContain("GITHUB_TOKEN holds another value");
    expect(place(["GH_TOKEN", "same"], ["GITHUB_TOKEN", "same"]).map(({ variable }) => variable)).toEqual([
      "GITHUB_TOKEN",
      "GITHUB_TOKEN",
    ]);
  });

  it("keeps what is plain plain, and makes a secret of the rest", () => {
    const [port, key, other] = place(["SOPHIA_PORT_AI", "9001"], ["TAVILY_API_KEY", "x"], ["COMPANY_NAME", "Acme"]);
    expect([port?.secret, key?.secret, other?.secret]).toEqual([false, true, true]);
  });

  it("keeps aside what no server would start with", () => {
    const [token, port, url] = place(
      ["SOPHIA_TOKEN", "canary"],
      ["SOPHIA_PORT_AI", "many"],
      ["DATABASE_URL", "mysql://canary@host/db"],
    );
    expect([token, port, url].map((placement) => placement?.owner)).toEqual(["other", "other", "other"]);
    expect(token?.doubt).toBe("no server would start with it: SOPHIA_TOKEN must have at least 32 characters");
    expect(JSON.stringify([token?.doubt, port?.doubt, url?.doubt])).not.toContain("canary");
  });

  it("loses nothing: every value has a place, and no two values the same one", () => {
    const names = fc.oneof(
      fc.stringMatching(/^[A-Z][A-Z0-9_]{0,12}$/),
      fc.constantFrom(...places.map(({ variable }) => variable), ...Object.values(keyAliases).flat()),
    );
    const values = fc.oneof(
      fc.constantFrom("a", "b"),
      fc.string({ minLength: 1, maxLength: 40 }),
      fc.constant(`sk-or-v1-${"0a".repeat(32)}`),
    );
    fc.assert(
      fc.property(fc.dictionary(names, values, { maxKeys: 12 }), (found) => {
        const placements = place(...Object.entries(found));
        expect(placements.map(({ name, value }) => [name, unwrap(value)])).toEqual(Object.entries(found));
        const holders = Map.groupBy(placements, placementKey);
        for (const all of holders.values()) expect(new Set(all.map(({ value }) => unwrap(value))).size).toBe(1);
      }),
    );
  });
});
