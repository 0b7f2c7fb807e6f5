import { parseEnvironmentId } from "@sophia/core/secrets/backend/environment-id";
import { formatEnvironmentId } from "@sophia/core/secrets/backend/environment-id";
import fc from "fast-check";
import { expect, it } from "vitest";
import { githubEnvironmentId, stageOfGithubEnvironment } from "./github-environments.ts";

it("knows the stages by their usual names, and no other", () => {
  expect(
    ["Production", "prod", "live", "staging", "dev", "github-pages", "constructor"].map(stageOfGithubEnvironment),
  ).toEqual(["production", "production", "production", "staging", "development", undefined, undefined]);
});

it("names each environment so that ESC takes it and none meets another", () => {
  expect(githubEnvironmentId("octo/shop", "production").name).toBe("github-octo-shop-production");
  const names = fc.string({ minLength: 1, maxLength: 255, unit: "grapheme" });
  fc.assert(
    fc.property(names, names, (one, other) => {
      const id = githubEnvironmentId("octo/shop", one);
      expect(parseEnvironmentId(formatEnvironmentId(id))).toEqual(id);
      if (one !== other) expect(githubEnvironmentId("octo/shop", other)).not.toEqual(id);
    }),
  );
});
