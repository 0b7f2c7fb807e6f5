import { fromPlainData } from "@sophia/core/secrets/esc/from-plain";
import { numberSchema, recordSchema } from "@sophia/core/secrets/esc/schema/build-schema";
import type { Rotator } from "@sophia/core/secrets/esc/surroundings";
import { Configuration, EscApi, EscRawApi } from "@pulumi/esc-sdk";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasSpecification } from "./testing/specification.ts";
import { organisation, startCloud, type StartedCloud, token } from "./testing/start-cloud.ts";

/** Counts up: the state that was current becomes the previous one. */
const count = recordSchema(new Map([["count", numberSchema()]]));
const counter: Rotator = {
  schema: () => ({ inputs: recordSchema(new Map()), state: count, outputs: count }),
  open: (_inputs, state) => Promise.resolve(fromPlainData(new Map(state ?? []))),
  // Its parts are secret, not the whole: a state that is one secret could not be written back as a state.
  rotate: (_inputs, state) => {
    const next = fromPlainData(state === undefined ? 1 : 2, { secret: true });
    return Promise.resolve({ ...fromPlainData({}), value: new Map([["count", next]]) });
  },
};

const project = "shop";
const name = "production";

describe("the vendor's own SDK over a store of ours", () => {
  let cloud: StartedCloud;
  let api: EscApi;
  let raw: EscRawApi;
  beforeAll(async () => {
    cloud = await startCloud({ providers: { findRotator: (each) => (each === "counter" ? counter : undefined) } });
    const configuration = new Configuration({ accessToken: token, basePath: cloud.server.url });
    api = new EscApi(configuration);
    // Its constructor drops the port of the base URL.
    api.config.basePath = `${cloud.server.url}/api/esc`;
    raw = new EscRawApi(new Configuration({ accessToken: token, basePath: `${cloud.server.url}/api/esc` }));
  });
  afterAll(async () => await cloud.close());

  it("goes through a whole life: create, update, open, read, revisions, tags, clone, roll back, delete", async () => {
    await api.createEnvironment(organisation, project, name);
    expect((await api.listEnvironments(organisation))?.environments).toMatchObject([
      { organization: organisation, project, name },
    ]);

    await api.updateEnvironmentYaml(
      organisation,
      project,
      name,
      "values:\n  db: { user: sophia, password: { fn::secret: p4ss } }\n  ports: [5432, 6379]\n",
    );
    const stored = await api.getEnvironment(organisation, project, name);
    expect(stored?.yaml).toContain("ciphertext");
    expect(stored?.yaml).not.toContain("p4ss");
    expect((await api.decryptEnvironment(organisation, project, name))?.yaml).toContain("fn::secret: p4ss");

    const session = await api.openEnvironment(organisation, project, name);
    const opened = await api.readOpenEnvironment(organisation, project, name, session?.id ?? "");
    expect(opened?.values).toEqual({ db: { user: "sophia", password: "p4ss" }, ports: [5432, 6379] });
    expect(opened?.environment?.properties?.["db"]?.value).toMatchObject({ password: { secret: true } });
    const property = await api.readOpenEnvironmentProperty(
      organisation,
      project,
      name,
      session?.id ?? "",
      'db["password"]',
    );
    expect(property?.value).toBe("p4ss");
    const port = await api.readOpenEnvironmentProperty(organisation, project, name, session?.id ?? "", "ports[1]");
    expect(port?.value).toBe(6379);

    await api.updateEnvironment(organisation, project, name, { values: { db: "moved" } as object });
    const revisions = await api.listEnvironmentRevisions(organisation, project, name);
    expect(revisions?.map(({ number }) => number)).toEqual([3, 2, 1]);
    await api.createEnvironmentRevisionTag(organisation, project, name, "good", 2);
    expect((await api.getEnvironmentRevisionTag(organisation, project, name, "good"))?.revision).toBe(2);
    expect((await api.getEnvironmentAtVersion(organisation, project, name, "good"))?.yaml).toBe(stored?.yaml);
    expect((await api.openAndReadEnvironmentAtVersion(organisation, project, name, "2"))?.values).toMatchObject({
      db: { password: "p4ss" },
    });
    await api.updateEnvironmentRevisionTag(organisation, project, name, "good", 1);
    expect((await api.listEnvironmentRevisionTags(organisation, project, name))?.tags?.map((tag) => tag.name)).toEqual([
      "good",
      "latest",
    ]);
    await api.deleteEnvironmentRevisionTag(organisation, project, name, "good");

    await api.createEnvironmentTag(organisation, project, name, "team", "shop");
    await api.updateEnvironmentTag(organisation, project, name, "team", "shop", "team", "platform");
    expect((await api.getEnvironmentTag(organisation, project, name, "team"))?.value).toBe("platform");
    expect((await api.listEnvironmentTags(organisation, project, name))?.tags).toMatchObject({
      team: { value: "platform" },
    });

    await api.cloneEnvironment(organisation, project, name, project, "copy", {
      preserveHistory: true,
      preserveEnvironmentTags: true,
    });
    expect((await api.openAndReadEnvironmentAtVersion(organisation, project, "copy", "2"))?.values).toMatchObject({
      db: { password: "p4ss" },
    });
    await api.cloneEnvironment(organisation, project, name, project, "bare");
    expect((await api.listEnvironmentRevisions(organisation, project, "bare"))?.map(({ number }) => number)).toEqual([
      2, 1,
    ]);

    // As `esc env version rollback` does it.
    const old = await raw.getEnvironmentAtVersion(organisation, project, name, "2");
    await api.updateEnvironmentYaml(organisation, project, name, old.data as unknown as string);
    expect((await api.openAndReadEnvironment(organisation, project, name))?.values).toMatchObject({
      db: { password: "p4ss" },
    });

    await api.deleteEnvironmentTag(organisation, project, name, "team");
    await api.deleteEnvironment(organisation, project, name);
    await expect(raw.getEnvironment(organisation, project, name)).rejects.toMatchObject({ response: { status: 404 } });
  });

  it("meets a conflict as the official command line does: the ETag of the read, sent back", async () => {
    await api.createEnvironment(organisation, project, "contested");
    const first = await raw.getEnvironment(organisation, project, "contested");
    const headers = { ETag: String(first.headers["etag"]) };
    const update = await raw.updateEnvironmentYaml(organisation, project, "contested", "values: { a: 1 }", { headers });
    expect(update.headers["pulumi-esc-revision"]).toBe("2");
    expect(update.headers["x-sophia-simulated"]).toBe("1");
    const late = raw.updateEnvironmentYaml(organisation, project, "contested", "values: { a: 2 }", { headers });
    await expect(late).rejects.toMatchObject({ response: { status: 409 } });
    const head = await raw.getEnvironmentETag(organisation, project, "contested");
    expect(head.headers["etag"]).not.toBe(headers.ETag);
  });

  it("gives back what is wrong with a text instead of failing", async () => {
    const checked = await api.checkEnvironmentYaml(organisation, "values:\n  a: ${missing}\n");
    expect(checked?.diagnostics).toMatchObject([{ range: { begin: { line: 2 } } }]);
    const sound = await api.checkEnvironmentYaml(organisation, "values: { a: { fn::toJSON: [1] } }");
    expect(sound).toMatchObject({ environmentFunctionSummary: { funcCounts: { "fn::toJSON": 1 } } });
  });

  it("rotates, and remembers that it did", async () => {
    await api.createEnvironment(organisation, project, "rotating");
    const text = "values: { key: { fn::rotate::counter: { inputs: {} } } }";
    await api.updateEnvironmentYaml(organisation, project, "rotating", text);
    const result = await cloud.backend.rotate({ project, name: "rotating" });
    expect(result).toMatchObject({ kept: true, revision: 3 });
    const opened = await api.openAndReadEnvironment(organisation, project, "rotating");
    expect(opened?.values).toEqual({ key: { count: 1 } });
    const stored = await api.getEnvironment(organisation, project, "rotating");
    expect(stored?.yaml).toContain("ciphertext");
  });

  it("lets nobody in without the token", async () => {
    for (const accessToken of ["", "wrong", `${token}0`]) {
      const stranger = new EscRawApi(new Configuration({ accessToken, basePath: `${cloud.server.url}/api/esc` }));
      await expect(stranger.listEnvironments(organisation)).rejects.toMatchObject({ response: { status: 401 } });
    }
    await expect(raw.listEnvironments("others")).rejects.toMatchObject({ response: { status: 404 } });
  });

  it.skipIf(!hasSpecification)("answered as the vendor's specification in BENCH_SPECS says, everywhere", () => {
    expect(cloud.disagreements).toEqual([]);
    expect(cloud.specification?.seen().length).toBeGreaterThan(24);
    const path = `/api/esc/environments/${organisation}/shop/main/versions`;
    const headers = { "content-type": "application/json" };
    expect(
      cloud.specification?.compare({ method: "GET", path, status: 200, headers, body: '[{"number":"1"}]' }),
    ).toEqual([
      "GET /api/esc/environments/{orgName}/{projectName}/{envName}/versions: /0 must have required property 'created'",
      "GET /api/esc/environments/{orgName}/{projectName}/{envName}/versions: /0/number must be integer",
    ]);
  });
});
