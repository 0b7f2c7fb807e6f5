import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fakeContext, fakeServices } from "../testing/fake-services.ts";
import { canaries, openSecretFixture, type SecretFixture, texts } from "../testing/secret-fixture.ts";
import { compareEnvironments } from "./compare-environments.ts";

let fixture: SecretFixture;
beforeAll(async () => void (fixture = await openSecretFixture()));
afterAll(() => fixture.close());

const defaults = { all: false, limit: 100 };
const token = "infrastructure.github.GITHUB_TOKEN";

describe("compare_environments", () => {
  it("tells the same secrets from others where both open", async () => {
    const context = fakeContext(fakeServices({ secrets: fixture.desk }));
    const input = { ...defaults, before: "infrastructure-staging", after: "infrastructure-development" };
    expect(await compareEnvironments.run(input, context)).toMatchObject({ items: [], total: 0, same: 4, notes: [] });
    const changed = texts.infrastructure.replace(/canary-\w+/, "canary-of-staging").replace("imports", "imports");
    await fixture.owner.update({ project: "sophia", name: "infrastructure-staging" }, `${changed}  only: [1]\n`);
    const answer = await compareEnvironments.run(input, context);
    expect(answer.items.map(({ path, change }) => [path, change])).toEqual([
      ["environmentVariables.GITHUB_TOKEN", "changed"],
      [token, "changed"],
      ["only[0]", "removed"],
    ]);
    const secret = answer.items.find(({ path }) => path === token);
    expect(secret?.before?.fingerprint).toMatch(/^[0-9a-f]{16}$/);
    expect(secret?.before?.fingerprint).not.toBe(secret?.after?.fingerprint);
    for (const canary of [...canaries, "canary-of-staging"]) expect(JSON.stringify(answer)).not.toContain(canary);
  });

  it("compares revisions, and everything when asked", async () => {
    const context = fakeContext(fakeServices({ secrets: fixture.desk }));
    const answer = await compareEnvironments.run(
      { ...defaults, all: true, before: "sophia/base@1", after: "@2" },
      context,
    );
    expect(answer).toMatchObject({ before: "sophia/base@1", after: "sophia/base@2", total: 2 });
    expect(answer.items.map(({ change, after }) => [change, after?.type])).toEqual([
      ["added", "string"],
      ["added", "number"],
    ]);
    expect(JSON.stringify(answer)).not.toContain("eu-plain");
  });

  it("says not known of what this server's key does not open", async () => {
    const context = fakeContext(fakeServices({ secrets: fixture.desk }));
    const name = "ai-intelligence-development";
    const answer = await compareEnvironments.run({ ...defaults, before: name, after: `${name}@2` }, context);
    expect(answer.items.map(({ path, change }) => [path, change])).toContainEqual([
      "ai_intelligence.openrouter.OPENROUTER_API_KEY",
      "not known",
    ]);
    expect(answer.notes[0]).toContain("was not opened");
  });
});
