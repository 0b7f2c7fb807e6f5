import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { SimulatedRun } from "./answers.ts";
import { findRoute } from "./routes.ts";
import { createSecretVault } from "./secret-vault.ts";
import type { SecretVault } from "./secret-vault.ts";

export interface GithubSecretsSimulatorOptions {
  /** Required as bearer. */
  token: string;
  /** OWNER/REPO. */
  repository: string;
  environments?: readonly string[];
  /** Runs a workflow that was started by hand; what it returns are its artifacts. A rejection fails the run. */
  runWorkflow?(start: Dispatch): Promise<Readonly<Record<string, Readonly<Record<string, Buffer>>>>>;
  /** The newest commit of the default branch, `main`. */
  head?(): string;
  now?(): Date;
}

export interface Dispatch {
  workflow: string;
  branch: string;
  inputs: Readonly<Record<string, string>>;
}

/** What the simulator holds, for its routes and for tests. */
export interface GithubState {
  repository: string;
  baseUrl: string;
  organisation: SecretVault;
  own: SecretVault;
  environments: Map<string, SecretVault>;
  runs: SimulatedRun[];
  artifacts: { id: number; run: number; name: string; zip: Buffer }[];
  options: GithubSecretsSimulatorOptions;
  now(): Date;
}

export interface GithubSecretsSimulator {
  url: string;
  state: GithubState;
  /** Method and path of every call, in order. */
  calls: string[];
  /** The next calls that match answer so instead. */
  fail(
    match: RegExp,
    answer: { status: number; body?: unknown; headers?: Record<string, string> } | "cut",
    times?: number,
  ): void;
  close(): Promise<void>;
}

const bodyLimitBytes = 1024 * 1024;

/** The part of GitHub's API that migrating secrets needs, stateful, on loopback. https://docs.github.com/rest/actions/secrets */
export async function startGithubSecretsSimulator(
  options: GithubSecretsSimulatorOptions,
): Promise<GithubSecretsSimulator> {
  const now = options.now ?? ((): Date => new Date());
  const names = options.environments ?? [];
  const vaults = await Promise.all([...names.map(() => 0), 0, 0].map(() => createSecretVault(now)));
  const [organisation, own, ...rest] = vaults as [SecretVault, SecretVault, ...SecretVault[]];
  const state: GithubState = {
    repository: options.repository,
    baseUrl: "",
    organisation,
    own,
    environments: new Map(names.map((name, index) => [name, rest[index] as SecretVault])),
    runs: [],
    artifacts: [],
    options,
    now,
  };
  const faults: { match: RegExp; answer: Parameters<GithubSecretsSimulator["fail"]>[1]; left: number }[] = [];
  const calls: string[] = [];
  const server = createServer((request, response) => {
    const call = `${request.method} ${request.url}`;
    calls.push(call);
    const fault = faults.find(({ match, left }) => left > 0 && match.test(call));
    if (fault !== undefined) {
      fault.left -= 1;
      if (fault.answer === "cut") return void response.destroy();
      const { status, body = { message: "VENDOR TEXT: simulated failure" }, headers = {} } = fault.answer;
      return send(response, status, body, headers);
    }
    handle(state, request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  server.unref();
  state.baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: state.baseUrl,
    state,
    calls,
    fail: (match, answer, times = 1) => void faults.push({ match, answer, left: times }),
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function handle(state: GithubState, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? "/", state.baseUrl);
  // The storage behind artifacts knows no token: its addresses are signed.
  const isStorage = url.pathname.startsWith("/storage/");
  const authorization = request.headers.authorization ?? "";
  if (!isStorage && ![`Bearer ${state.options.token}`, `token ${state.options.token}`].includes(authorization)) {
    return send(response, 401, { message: "Bad credentials", documentation_url: "https://docs.github.com/rest" });
  }
  const body = await readJson(request);
  const answer = await findRoute(state, { method: request.method ?? "GET", url, body });
  if (answer === undefined)
    return send(response, 404, { message: "Not Found", documentation_url: "https://docs.github.com/rest" });
  send(response, answer.status, answer.body, answer.headers ?? {});
}

function send(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  const bytes = Buffer.isBuffer(body) ? body : body === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(body));
  const type = Buffer.isBuffer(body) ? "application/zip" : "application/json; charset=utf-8";
  response.writeHead(status, {
    ...(bytes.length > 0 && { "content-type": type }),
    ...(status !== 204 && { "content-length": String(bytes.length) }),
    "x-simulated": "sophia",
    ...headers,
  });
  response.end(bytes);
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bodyLimitBytes) throw new Error("request body over the limit");
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch {
    return undefined;
  }
}
