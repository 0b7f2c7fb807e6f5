import { Octokit } from "@octokit/rest";
import { Secret } from "@sophia/core/config/secret";
import { AppError } from "@sophia/core/errors/app-error";
import { startRecorder } from "@sophia/core/testing/contract/recorder";
import { findSpecification, loadSpecification } from "@sophia/core/testing/contract/specification";
import { startGithubSecretsSimulator } from "@sophia/simulators/github-secrets/simulator";
import type { GithubSecretsSimulator } from "@sophia/simulators/github-secrets/simulator";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sealForGithub } from "./seal-for-github.ts";
import { createGithubSecrets } from "./secrets-api.ts";
import type { GithubSecrets } from "./secrets-api.ts";

const token = "ghp_canary0123456789abcdef0123456789abcdef";
const repository = "octo/shop";

let simulator: GithubSecretsSimulator;
let api: GithubSecrets;
const logged: string[] = [];
beforeEach(async () => {
  simulator = await startGithubSecretsSimulator({
    token,
    repository,
    environments: ["production", "odd name/#1"],
    runWorkflow: ({ inputs }) =>
      Promise.resolve({ "sophia-x-base": { "part-1.json": Buffer.from(JSON.stringify(inputs)) } }),
  });
  api = open();
});
afterEach(async () => {
  await api.close();
  await simulator.close();
});

function open(change: { readOnly?: boolean; token?: string } = {}): GithubSecrets {
  const log = pino({ level: "trace" }, { write: (line: string) => void logged.push(line) });
  return createGithubSecrets({
    token: new Secret(change.token ?? token),
    baseUrl: simulator.url,
    repository,
    readOnly: change.readOnly ?? false,
    http: { log, attempts: 2, allowPrivate: ["127.0.0.1"] },
  });
}

describe("the secrets of a repository", () => {
  it("lists all pages of each place", async () => {
    for (let index = 0; index < 230; index++) simulator.state.own.set(`SECRET_${index}`, "x");
    simulator.state.organisation.set("SHARED", "x");
    simulator.state.environments.get("odd name/#1")?.set("DEEP", "x");
    expect(await api.list({ environment: undefined })).toHaveLength(230);
    expect((await api.listOrganisation()).map(({ name }) => name)).toEqual(["SHARED"]);
    expect(await api.environments()).toEqual(["production", "odd name/#1"]);
    expect((await api.list({ environment: "odd name/#1" })).map(({ name }) => name)).toEqual(["DEEP"]);
    expect(await api.defaultBranch()).toBe("main");
    expect(await api.branchHead("main")).toMatch(/^0{40}$/);
  });

  it("writes what GitHub can open, changes it, finds it, deletes it once", async () => {
    const value = "žluť\n🔑 '\"$(x)\n";
    for (const environment of [undefined, "production"]) {
      const vault = environment === undefined ? simulator.state.own : simulator.state.environments.get(environment);
      await api.put({ environment }, "TOKEN", new Secret("first"));
      await api.put({ environment }, "TOKEN", new Secret(value));
      expect(vault?.secrets.get("TOKEN")?.value).toBe(value);
      expect(await api.find({ environment }, "TOKEN")).toMatchObject({ name: "TOKEN" });
      expect(await api.delete({ environment }, "TOKEN")).toBe(true);
      expect(await api.delete({ environment }, "TOKEN")).toBe(false);
      expect(await api.find({ environment }, "TOKEN")).toBeUndefined();
    }
  });

  it("starts a workflow once, follows its run and takes the artifact from where GitHub keeps it", async () => {
    const id = await api.dispatch("export.yml", { branch: "main", inputs: { run: "x" } });
    expect(id).toBe(1);
    await expect.poll(async () => (await api.run(1)).status).toBe("completed");
    expect(await api.runs("export.yml")).toMatchObject([{ id: 1, conclusion: "success", event: "workflow_dispatch" }]);
    const [artifact] = await api.artifacts(1);
    const zip = await api.download(artifact as never);
    expect(zip.subarray(0, 2).toString()).toBe("PK");
  });

  it("does not send a start again when its answer is lost", async () => {
    simulator.fail(/POST .*dispatches/, "cut");
    await expect(api.dispatch("export.yml", { branch: "main", inputs: {} })).rejects.toThrow(AppError);
    expect(simulator.calls.filter((call) => call.includes("dispatches"))).toHaveLength(1);
  });

  it("tells what is missing in its own words, and never the token", async () => {
    const wrong = open({ token: "ghp_wrong-canary-token" });
    await expect(wrong.environments()).rejects.toMatchObject({ kind: "not_configured", service: "github" });
    await wrong.close();
    simulator.fail(/GET/, { status: 403, body: { message: "VENDOR TEXT Resource not accessible" } });
    await expect(api.environments()).rejects.toMatchObject({
      kind: "denied",
      hint: expect.stringContaining("rights Secrets"),
    });
    simulator.fail(
      /GET/,
      { status: 403, body: { message: "API rate limit exceeded" }, headers: { "retry-after": "3600" } },
      5,
    );
    await expect(api.environments()).rejects.toMatchObject({ kind: "rate_limited" });
    expect(logged.join("")).not.toMatch(/ghp_/);
  });

  it("changes nothing in a read-only installation", async () => {
    const readOnly = open({ readOnly: true });
    await expect(readOnly.put({ environment: undefined }, "A", new Secret("x"))).rejects.toMatchObject({
      kind: "denied",
    });
    await expect(readOnly.delete({ environment: undefined }, "A")).rejects.toMatchObject({ kind: "denied" });
    await expect(readOnly.dispatch("x.yml", { branch: "main", inputs: {} })).rejects.toMatchObject({ kind: "denied" });
    await readOnly.close();
    expect(simulator.calls).toEqual([]);
  });

  it("refuses a name that would leave its place in the address", async () => {
    expect(() =>
      createGithubSecrets({
        token: new Secret("x"),
        baseUrl: simulator.url,
        repository: "a/b/c",
        readOnly: false,
        http: { log: pino({ level: "silent" }) },
      }),
    ).toThrow(/OWNER\/REPO/);
    await expect(api.find({ environment: "../../x" }, "..")).rejects.toMatchObject({ kind: "invalid_input" });
  });
});

describe("GitHub's own SDK", () => {
  it("finds in the simulator what it expects, and writes what our key opens", async () => {
    const [owner = "", repo = ""] = repository.split("/");
    const octokit = new Octokit({
      auth: token,
      baseUrl: simulator.url,
      log: { debug() {}, info() {}, warn() {}, error() {} },
    });
    const { data: key } = await octokit.rest.actions.getRepoPublicKey({ owner, repo });
    const encrypted_value = await sealForGithub(new Secret("by octokit"), key.key);
    await octokit.rest.actions.createOrUpdateRepoSecret({
      owner,
      repo,
      secret_name: "OCTO",
      encrypted_value,
      key_id: key.key_id,
    });
    expect(simulator.state.own.secrets.get("OCTO")?.value).toBe("by octokit");
    const all = await octokit.paginate(octokit.rest.actions.listRepoSecrets, { owner, repo });
    expect(all.map(({ name }) => name)).toEqual(["OCTO"]);
    await octokit.rest.actions.deleteRepoSecret({ owner, repo, secret_name: "OCTO" });
    await expect(octokit.rest.actions.getRepoSecret({ owner, repo, secret_name: "OCTO" })).rejects.toMatchObject({
      status: 404,
    });
    await octokit.rest.actions.createWorkflowDispatch({ owner, repo, workflow_id: "export.yml", ref: "main" });
    expect(simulator.state.runs).toHaveLength(1);
  });
});

const specificationFile = findSpecification("github-rest-openapi.json");

it.skipIf(specificationFile === undefined)("the simulator answers as GitHub's specification says", async () => {
  const specification = loadSpecification(specificationFile ?? "", { wide: ["ref"] });
  const recorder = await startRecorder(simulator.url);
  simulator.state.own.set("A", "x");
  simulator.state.organisation.set("B", "x");
  simulator.state.environments.get("production")?.set("C", "x");
  await api.dispatch("export.yml", { branch: "main", inputs: {} });
  await expect.poll(async () => (await api.run(1)).status).toBe("completed");
  const paths = [
    "",
    "/git/ref/heads/main",
    "/environments",
    "/actions/secrets",
    "/actions/secrets/public-key",
    "/actions/secrets/A",
    "/actions/organization-secrets",
    "/environments/production/secrets",
    "/environments/production/secrets/public-key",
    "/environments/production/secrets/C",
    "/actions/workflows/export.yml/runs",
    "/actions/runs/1",
    "/actions/runs/1/artifacts",
    "/actions/artifacts/1/zip",
  ];
  const headers = { authorization: `Bearer ${token}` };
  for (const path of paths) await fetch(`${recorder.url}/repos/octo/shop${path}`, { headers, redirect: "manual" });
  await fetch(`${recorder.url}/repos/octo/shop/actions/secrets/A`, { method: "DELETE", headers });
  const violations = recorder.exchanges().flatMap(specification.check);
  await recorder.close();
  expect(violations).toEqual([]);
  expect(specification.seen()).toHaveLength(15);
});
