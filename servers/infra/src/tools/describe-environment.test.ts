import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fakeContext, fakeServices } from "../testing/fake-services.ts";
import { canaries, fakeRotation, openSecretFixture, type SecretFixture, texts } from "../testing/secret-fixture.ts";
import { describeEnvironment } from "./describe-environment.ts";

let fixture: SecretFixture;
beforeAll(async () => void (fixture = await openSecretFixture()));
afterAll(() => fixture.close());

const defaults = { secretsOnly: false, limit: 50 };

describe("describe_environment", () => {
  it("tells type, age, rotation and use of each key, and no value", async () => {
    const later = texts.infrastructure.replace("values:\n", "values:\n  added: true\n");
    const id = { project: "sophia", name: "infrastructure-development" };
    await fixture.owner.update(id, later, { message: "Add a key" });
    fixture.rotations.push(fakeRotation());
    const clock = { now: () => Date.now() + 3 * 86_400_000 };
    const context = fakeContext(fakeServices({ secrets: fixture.desk, clock }));
    const answer = await describeEnvironment.run({ ...defaults, environment: "infrastructure-development" }, context);
    expect(answer).toMatchObject({
      environment: "sophia/infrastructure-development",
      revision: 3,
      errors: 0,
      total: 5,
    });
    expect(answer.revisions.map(({ revision, message }) => [revision, message])).toEqual([
      [3, "Add a key"],
      [2, "Begin"],
      [1, expect.any(String)],
    ]);
    const byPath = Object.fromEntries(answer.items.map((item) => [item.path, item]));
    expect(byPath["infrastructure.github.GITHUB_TOKEN"]).toMatchObject({
      type: "string",
      secret: true,
      definedIn: "sophia/infrastructure-development",
      changedInRevision: 2,
      ageDays: 3,
      lastRotatedAt: "2026-11-20T00:00:00.000Z",
      usedBy: [{ variable: "GITHUB_TOKEN", service: "github", servers: ["infra"] }],
    });
    expect(byPath["added"]).toMatchObject({ type: "boolean", secret: false, changedInRevision: 3 });
    expect(byPath["region"]).toMatchObject({
      definedIn: "sophia/base",
      changedInRevision: 2,
      secret: false,
      usedBy: [],
    });
    for (const canary of canaries) expect(JSON.stringify(answer)).not.toContain(canary);
  });

  it("describes what this server's key does not open", async () => {
    const context = fakeContext(fakeServices({ secrets: fixture.desk }));
    const input = { ...defaults, secretsOnly: true, environment: "sophia/ai-intelligence-development" };
    const answer = await describeEnvironment.run(input, context);
    expect(answer.items.map(({ path }) => path)).toEqual([
      "ai_intelligence.openrouter.OPENROUTER_API_KEY",
      "environmentVariables.OPENROUTER_API_KEY",
    ]);
  });

  it("pages, and names the tool that lists environments where there is none", async () => {
    const context = fakeContext(fakeServices({ secrets: fixture.desk }));
    const first = await describeEnvironment.run({ ...defaults, limit: 1, environment: "base" }, context);
    const second = await describeEnvironment.run(
      { ...defaults, limit: 1, environment: "base", cursor: first.nextCursor },
      context,
    );
    expect([...first.items, ...second.items].map(({ path }) => path)).toEqual(["region", "size"]);
    await expect(describeEnvironment.run({ ...defaults, environment: "nowhere" }, context)).rejects.toMatchObject({
      kind: "not_found",
      hint: expect.stringContaining("list_environments"),
    });
  });
});
