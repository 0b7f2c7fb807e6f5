import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listMistakes } from "../domain/secrets/list-mistakes.ts";
import { fakeContext, fakeServices } from "../testing/fake-services.ts";
import { openSecretFixture, type SecretFixture } from "../testing/secret-fixture.ts";
import { checkEnvironment } from "./check-environment.ts";

let fixture: SecretFixture;
beforeAll(async () => void (fixture = await openSecretFixture()));
afterAll(() => fixture.close());

describe("check_environment", () => {
  it("finds nothing in one that is well, whoever may open it", async () => {
    const context = fakeContext(fakeServices({ secrets: fixture.desk }));
    const answer = await checkEnvironment.run({ environment: "ai-intelligence-development", limit: 10 }, context);
    expect(answer).toMatchObject({
      environment: "sophia/ai-intelligence-development",
      revision: 2,
      ok: true,
      items: [],
      total: 0,
    });
  });

  it("tells what an import that went away breaks, with the line", async () => {
    const context = fakeContext(fakeServices({ secrets: fixture.desk }));
    const id = { project: "sophia", name: "gone" };
    await fixture.owner.create(id);
    await fixture.owner.update(id, "values: { a: 1 }\n");
    const user = { project: "sophia", name: "user" };
    await fixture.owner.create(user);
    await fixture.owner.update(user, "imports:\n  - sophia/gone\nvalues:\n  b: ${a}\n");
    await fixture.owner.delete(id);
    const answer = await checkEnvironment.run({ environment: "user", limit: 1 }, context);
    expect(answer).toMatchObject({ ok: false, revision: 2 });
    expect(answer.items[0]).toMatchObject({
      severity: "error",
      place: expect.stringMatching(/^sophia\/user:\d+:\d+$/),
      excerpt: expect.stringContaining("|"),
    });
    expect(answer.total).toBeGreaterThan(1);
    const next = await checkEnvironment.run({ environment: "user", limit: 1, cursor: answer.nextCursor }, context);
    expect(next.items[0]?.number).toBe(2);
  });

  it("masks secrets in the line", () => {
    const begin = { line: 2, column: 3, byte: 0 };
    const range = { environment: "sophia/x", begin, end: { ...begin, column: 9 } };
    const source = "values:\n  key: { fn::secret: canary-in-the-clear }\n";
    const [mistake] = listMistakes("sophia/x", source, [{ severity: "error", summary: "no", range }]);
    expect(mistake?.excerpt).toContain("[secret]");
    expect(JSON.stringify(mistake)).not.toContain("canary");
  });
});
