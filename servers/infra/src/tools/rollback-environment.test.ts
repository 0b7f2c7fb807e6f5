import { isConflict } from "@sophia/core/secrets/backend/conflict";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fakeContext, fakeServices } from "../testing/fake-services.ts";
import { canaries, fakeRotation, openSecretFixture, type SecretFixture, texts } from "../testing/secret-fixture.ts";
import { rollbackEnvironment } from "./rollback-environment.ts";

const id = { project: "sophia", name: "infrastructure-development" };
const input = { environment: "infrastructure-development", revision: 2 };

let fixture: SecretFixture;
beforeEach(async () => {
  fixture = await openSecretFixture();
  await fixture.owner.update(id, texts.infrastructure.replace(/canary-\w+/, "canary-of-later"), { message: "Harm" });
});
afterEach(() => fixture.close());

function context() {
  return fakeContext(fakeServices({ secrets: fixture.desk }));
}

describe("rollback_environment", () => {
  it("shows by path what would change, and changes nothing", async () => {
    const plan = await rollbackEnvironment.plan(input, context());
    expect(plan.changes.map(({ action, resource }) => [action, resource])).toEqual([
      ["update", "environment sophia/infrastructure-development"],
      ["update", "sophia/infrastructure-development environmentVariables.GITHUB_TOKEN"],
      ["update", "sophia/infrastructure-development infrastructure.github.GITHUB_TOKEN"],
    ]);
    expect(plan).toMatchObject({
      risk: "medium",
      changes: [{ before: "revision 3" }, { before: expect.stringMatching(/^secret [0-9a-f]{16}$/) }, {}],
    });
    expect(await rollbackEnvironment.plan(input, context())).toEqual(plan);
    expect((await fixture.owner.get(id)).revision).toBe(3);
    for (const canary of [...canaries, "canary-of-later"]) expect(JSON.stringify(plan)).not.toContain(canary);
  });

  it("writes the old text as a new revision", async () => {
    const plan = await rollbackEnvironment.plan(input, context());
    expect(await rollbackEnvironment.apply(input, plan, context())).toMatchObject({ revision: 4, restored: 2 });
    const opened = await fixture.owner.open(id);
    expect(opened.environment?.properties.size).toBe(4);
    expect((await fixture.owner.read(id, { decrypt: true })).yaml).toContain(canaries[1]);
  });

  it("refuses when somebody wrote after the plan", async () => {
    const plan = await rollbackEnvironment.plan(input, context());
    await fixture.owner.update(id, texts.infrastructure, { message: "In between" });
    const refused = rollbackEnvironment.apply(input, plan, context());
    await expect(refused).rejects.toSatisfy(isConflict);
    expect((await fixture.owner.get(id)).revision).toBe(4);
  });

  it("warns of a secret that was rotated since", async () => {
    fixture.rotations.push(fakeRotation({ postRevision: 3 }));
    const plan = await rollbackEnvironment.plan(input, context());
    expect(plan).toMatchObject({
      risk: "high",
      blastRadius: expect.stringContaining("no longer valid: infrastructure.github.GITHUB_TOKEN"),
    });
  });

  it.each([
    ["the newest revision", { ...input, revision: 3 }, "invalid_input"],
    ["a revision that never was", { ...input, revision: 9 }, "not_found"],
    ["an environment that is not there", { ...input, environment: "nowhere" }, "not_found"],
  ])("refuses %s", async (_name, wrong, kind) => {
    await expect(rollbackEnvironment.plan(wrong, context())).rejects.toMatchObject({ kind });
  });
});
