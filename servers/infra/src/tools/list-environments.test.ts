import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fakeContext, fakeServices } from "../testing/fake-services.ts";
import { openSecretFixture, type SecretFixture } from "../testing/secret-fixture.ts";
import { listEnvironments } from "./list-environments.ts";

let fixture: SecretFixture;
beforeAll(async () => void (fixture = await openSecretFixture()));
afterAll(() => fixture.close());

describe("list_environments", () => {
  it("lists them a page at a time", async () => {
    const context = fakeContext(fakeServices({ secrets: fixture.desk }));
    const first = await listEnvironments.run({ limit: 3, project: "sophia" }, context);
    expect(first).toMatchObject({ stage: "development", source: { service: "pulumi-esc", mode: "local", costUsd: 0 } });
    expect(first.items.map(({ environment }) => environment)).toEqual([
      "sophia/ai-intelligence-development",
      "sophia/base",
      "sophia/infrastructure-development",
    ]);
    const second = await listEnvironments.run({ limit: 3, project: "sophia", cursor: first.nextCursor }, context);
    expect(second.items.map(({ environment, revision }) => [environment, revision])).toEqual([
      ["sophia/infrastructure-staging", 2],
    ]);
    expect(second.nextCursor).toBeUndefined();
    await expect(listEnvironments.run({ limit: 3, cursor: first.nextCursor }, context)).rejects.toMatchObject({
      kind: "invalid_input",
    });
  });

  it("says how to make a store where there is none", async () => {
    await expect(listEnvironments.run({ limit: 3 }, fakeContext(fakeServices()))).rejects.toMatchObject({
      kind: "not_configured",
      hint: expect.stringContaining("secrets init"),
    });
  });
});
