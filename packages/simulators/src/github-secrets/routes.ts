import { createHash } from "node:crypto";
import { z } from "zod";
import { artifactAnswer, environmentAnswer, repositoryAnswer, runAnswer } from "./answers.ts";
import type { SimulatedRun } from "./answers.ts";
import type { SecretVault, StoredSecret } from "./secret-vault.ts";
import type { GithubState } from "./simulator.ts";
import { writeZip } from "./write-zip.ts";

interface Call {
  method: string;
  url: URL;
  body: unknown;
}

interface Answer {
  status: number;
  body?: unknown;
  headers?: Record<string, string>;
}

const PutBody = z.object({ encrypted_value: z.string().regex(/^[A-Za-z0-9+/=]+$/), key_id: z.string() });
const DispatchBody = z.object({
  ref: z.string(),
  inputs: z.record(z.string(), z.string()).default({}),
  return_run_details: z.boolean().default(false),
});

/** Undefined for what is not here. */
export async function findRoute(state: GithubState, call: Call): Promise<Answer | undefined> {
  const { pathname } = call.url;
  const storage = /^\/storage\/(\d+)$/.exec(pathname);
  if (storage) return sendZip(state, Number(storage[1]), call.url);
  const prefix = `/repos/${state.repository}`;
  if (pathname === prefix) return { status: 200, body: repositoryAnswer(state.baseUrl, state.repository, "main") };
  if (!pathname.startsWith(`${prefix}/`)) return undefined;
  const path = pathname.slice(prefix.length);
  if (path === "/git/ref/heads/main") return sendReference(state);
  if (path === "/environments" && call.method === "GET") return listEnvironments(state, call);
  if (path === "/actions/organization-secrets") return listSecrets(state.organisation, call);
  const secrets = /^(?:\/actions|\/environments\/([^/]+))\/secrets(?:\/([^/]+))?$/.exec(path);
  if (secrets) {
    const vault = secrets[1] === undefined ? state.own : state.environments.get(decodeURIComponent(secrets[1]));
    return vault && answerSecrets(vault, call, secrets[2]);
  }
  return await answerRuns(state, call, path);
}

function sendReference({ baseUrl, repository, options }: GithubState): Answer {
  const sha = options.head?.() ?? "0".repeat(40);
  const url = `${baseUrl}/repos/${repository}/git`;
  const object = { type: "commit", sha, url: `${url}/commits/${sha}` };
  return {
    status: 200,
    body: { ref: "refs/heads/main", node_id: "REF_simulated", url: `${url}/refs/heads/main`, object },
  };
}

function listEnvironments(state: GithubState, { url }: Call): Answer {
  const names = [...state.environments.keys()];
  const environments = page(names, url).map((name) => environmentAnswer(state.baseUrl, state.repository, name));
  return { status: 200, body: { total_count: names.length, environments } };
}

function answerSecrets(vault: SecretVault, call: Call, name: string | undefined): Answer | undefined {
  if (name === undefined) return call.method === "GET" ? listSecrets(vault, call) : undefined;
  if (name === "public-key") return { status: 200, body: vault.publicKey };
  const key = decodeURIComponent(name).toUpperCase();
  const secret = vault.secrets.get(key);
  switch (call.method) {
    case "GET":
      return secret && { status: 200, body: entry(key, secret) };
    case "PUT": {
      const body = PutBody.safeParse(call.body);
      const outcome = body.success ? vault.put(key, body.data.encrypted_value, body.data.key_id) : "refused";
      if (outcome === "refused") return { status: 422, body: { message: "Bad request - key_id or encrypted_value" } };
      return outcome === "created" ? { status: 201, body: {} } : { status: 204 };
    }
    case "DELETE":
      return vault.secrets.delete(key) ? { status: 204 } : undefined;
    default:
      return undefined;
  }
}

function listSecrets(vault: SecretVault, { url }: Call): Answer {
  const all = [...vault.secrets].toSorted(([left], [right]) => (left < right ? -1 : 1));
  const secrets = page(all, url).map(([name, secret]) => entry(name, secret));
  return { status: 200, body: { total_count: all.length, secrets } };
}

function entry(name: string, { createdAt, updatedAt }: StoredSecret): Record<string, unknown> {
  return { name, created_at: createdAt, updated_at: updatedAt };
}

async function answerRuns(state: GithubState, call: Call, path: string): Promise<Answer | undefined> {
  const { baseUrl, repository } = state;
  const dispatch = /^\/actions\/workflows\/([^/]+)\/dispatches$/.exec(path);
  if (dispatch && call.method === "POST") return start(state, call, decodeURIComponent(dispatch[1] ?? ""));
  if (call.method !== "GET") return undefined;
  const runs = /^\/actions\/workflows\/([^/]+)\/runs$/.exec(path);
  if (runs) {
    const all = state.runs.filter(({ workflow }) => workflow === decodeURIComponent(runs[1] ?? "")).toReversed();
    return {
      status: 200,
      body: { total_count: all.length, workflow_runs: all.map((run) => runAnswer(baseUrl, repository, run)) },
    };
  }
  const one = /^\/actions\/runs\/(\d+)(\/artifacts)?$/.exec(path);
  const run = state.runs.find(({ id }) => id === Number(one?.[1]));
  if (run && one?.[2] === undefined) return { status: 200, body: runAnswer(baseUrl, repository, run) };
  if (run) {
    const all = state.artifacts.filter((artifact) => artifact.run === run.id);
    const artifacts = all.map(({ id, name, zip }) =>
      artifactAnswer(baseUrl, repository, { id, name, bytes: zip.length, digest: digest(zip) }),
    );
    return { status: 200, body: { total_count: all.length, artifacts } };
  }
  const download = /^\/actions\/artifacts\/(\d+)\/zip$/.exec(path);
  const artifact = state.artifacts.find(({ id }) => id === Number(download?.[1]));
  return (
    artifact && {
      status: 302,
      headers: { location: `${baseUrl}/storage/${artifact.id}?sig=${digest(artifact.zip).slice(7, 23)}` },
    }
  );
}

function start(state: GithubState, { body }: Call, workflow: string): Answer {
  const parsed = DispatchBody.safeParse(body);
  if (!parsed.success) return { status: 422, body: { message: "No ref found" } };
  const createdAt = state
    .now()
    .toISOString()
    .replace(/\.\d+Z$/, "Z");
  const { ref: branch, inputs } = parsed.data;
  const run: SimulatedRun = {
    id: state.runs.length + 1,
    workflow,
    branch,
    status: "queued",
    conclusion: null,
    createdAt,
  };
  state.runs.push(run);
  void finish(state, run, inputs);
  if (!parsed.data.return_run_details) return { status: 204 };
  const url = `${state.baseUrl}/repos/${state.repository}/actions/runs/${run.id}`;
  return { status: 200, body: { workflow_run_id: run.id, run_url: url, html_url: url } };
}

async function finish(state: GithubState, run: SimulatedRun, inputs: Record<string, string>): Promise<void> {
  try {
    const artifacts = (await state.options.runWorkflow?.({ workflow: run.workflow, branch: run.branch, inputs })) ?? {};
    for (const [name, files] of Object.entries(artifacts)) {
      state.artifacts.push({ id: state.artifacts.length + 1, run: run.id, name, zip: writeZip(files) });
    }
    run.conclusion = "success";
  } catch {
    run.conclusion = "failure";
  }
  run.status = "completed";
}

function sendZip(state: GithubState, id: number, url: URL): Answer | undefined {
  const artifact = state.artifacts.find((each) => each.id === id);
  if (artifact === undefined || url.searchParams.get("sig") !== digest(artifact.zip).slice(7, 23)) return undefined;
  return { status: 200, body: artifact.zip };
}

function digest(bytes: Buffer): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

function page<Item>(items: readonly Item[], url: URL): Item[] {
  const size = Math.min(100, Number(url.searchParams.get("per_page") ?? 30));
  const number = Number(url.searchParams.get("page") ?? 1);
  return items.slice((number - 1) * size, number * size);
}
