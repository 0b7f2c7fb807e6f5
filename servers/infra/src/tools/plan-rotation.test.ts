import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { fakeContext, fakeServices } from "../testing/fake-services.ts";
import { fakeRotation, openSecretFixture, type SecretFixture } from "../testing/secret-fixture.ts";
import { planRotation } from "./plan-rotation.ts";

let fixture: SecretFixture;
beforeAll(async () => void (fixture = await openSecretFixture()));
beforeEach(() => void (fixture.rotations.length = 0));
afterAll(() => fixture.close());

function context() {
  return fakeContext(fakeServices({ secrets: fixture.desk }));
}

describe("plan_rotation", () => {
  it("plans a task for a person where the service makes no keys, with its page", async () => {
    const plan = await planRotation.plan({ variable: "OPENROUTER_API_KEY" }, context());
    expect(plan).toMatchObject({
      risk: "low",
      changes: [{ action: "create", after: "https://openrouter.example/keys" }, { before: "never rotated" }],
    });
    expect(plan.blastRadius).toContain("Read by ai.");
    expect(await planRotation.plan({ variable: "OPENROUTER_API_KEY" }, context())).toEqual(plan);
    expect(fixture.requests).toEqual([]);
  });

  it("plans two valid values where it does, and asks for it once applied", async () => {
    const variables = fixture.desk.variables.map((each) => ({ ...each, isAutomatic: true }));
    const automatic = fakeContext(fakeServices({ secrets: { ...fixture.desk, variables } }));
    const wish = { variable: "GITHUB_TOKEN", environment: "infrastructure-staging" };
    const plan = await planRotation.plan(wish, automatic);
    expect(plan).toMatchObject({ risk: "medium", summary: expect.stringContaining("sophia/infrastructure-staging") });
    const result = await planRotation.apply(wish, plan, automatic);
    expect(result).toMatchObject({
      state: "begun",
      rotationId: "rotation-1",
      environment: "sophia/infrastructure-staging",
    });
    expect(fixture.requests).toEqual([
      {
        target: {
          environment: { project: "sophia", name: "infrastructure-staging" },
          path: "infrastructure.github.GITHUB_TOKEN",
          service: "github",
          variable: "GITHUB_TOKEN",
        },
        actor: "caller-1",
        revision: 2,
        planId: "request-1",
      },
    ]);
  });

  it("plans otherwise after the environment changed", async () => {
    const before = await planRotation.plan({ variable: "OPENROUTER_API_KEY" }, context());
    const id = { project: "sophia", name: "ai-intelligence-development" };
    const { yaml, etag } = await fixture.owner.read(id);
    await fixture.owner.update(id, `${yaml}  more: 1\n`, { etag });
    expect((await planRotation.plan({ variable: "OPENROUTER_API_KEY" }, context())).stateVersion).not.toBe(
      before.stateVersion,
    );
  });

  it.each([
    ["an unknown name", { variable: "OPENROUTER_API_KEI" }, "not_found", "OPENROUTER_API_KEY"],
    ["a secret that nobody set", { variable: "GITHUB_TOKEN", environment: "base" }, "not_found", "secrets set"],
  ])("refuses %s", async (_name, wish, kind, hint) => {
    await expect(planRotation.plan(wish, context())).rejects.toMatchObject({
      kind,
      hint: expect.stringContaining(hint),
    });
  });

  it("refuses a second rotation of the same secret", async () => {
    fixture.rotations.push(fakeRotation({ state: "held", finishedAt: undefined, nextStep: "Restart bi." }));
    await expect(planRotation.plan({ variable: "GITHUB_TOKEN" }, context())).rejects.toMatchObject({
      kind: "invalid_input",
      hint: "Restart bi.",
    });
  });
});
