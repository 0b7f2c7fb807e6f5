import { computeModes } from "@sophia/vendors/registry";
import { beforeEach, expect, test } from "vitest";
import { loadConfig } from "../load-config.ts";
import { serverList } from "../server-list.ts";
import type { ServerEntry } from "../server-list.ts";
import type { ServerState, ServerStatus } from "../supervisor/server-process.ts";
import { createTerminal } from "../terminal.ts";
import { createUpView } from "./up-view.ts";

const written = { stdout: "", stderr: "" };
beforeEach(() => void Object.assign(written, { stdout: "", stderr: "" }));

function createView(environment: Record<string, string>, servers: readonly ServerEntry[] = serverList) {
  const stream = (name: "stdout" | "stderr") => ({
    isTTY: true,
    columns: 80,
    write: (text: string) => (written[name] += text) !== "",
  });
  const streams = { stdin: { isTTY: true }, stdout: stream("stdout"), stderr: stream("stderr") } as never;
  const config = loadConfig(environment);
  const facts = { modelEndpoints: [], dockerAnswers: true, gitClone: "/shop" };
  const services = computeModes({ config: config.services, facts, simulate: config.platform.simulate });
  const terminal = createTerminal(streams, { NO_COLOR: "1" });
  return { view: createUpView({ terminal, servers, config, json: false }), found: { services, logFolder: undefined } };
}

function status({ id, title }: ServerEntry, state: ServerState): ServerStatus {
  const url =
    state === "ready" ? `http://127.0.0.1:809${serverList.findIndex((entry) => entry.id === id) + 1}` : undefined;
  return { id, title, state, url, pid: 1, restarts: 0, reason: undefined, lastLines: [] };
}

test("a terminal of 80 columns gets a table of URLs and modes, and a question that needs no internet", () => {
  const { view, found } = createView({});
  view.ready(
    serverList.map((server) => status(server, server.id === "data" ? "crash loop" : "ready")),
    found,
  );
  expect(`\n${written.stdout}`).toBe(`
SERVER                  URL                        MODES
AI Intelligence         http://127.0.0.1:8091/mcp  5 simulated
Data Intelligence       crash loop                 3 simulated, 2 local
Infrastructure Copilot  http://127.0.0.1:8093/mcp  Docker local, GitHub local
Business Intelligence   http://127.0.0.1:8094/mcp  Snowflake local

Data Intelligence: crash loop
Simulated is what has no account and no local way; all services: npm run sophia -- doctor
Next: npm run sophia -- connect cursor, then ask Cursor: "How did revenue develop per month?"
`);
});

test("models of a configured endpoint are not called simulated", () => {
  const { view, found } = createView({ SOPHIA_OPENAI_BASE_URL: "https://models.example/v1" });
  view.ready(
    serverList.map((server) => status(server, "ready")),
    found,
  );
  expect(written.stdout).toMatch(/^AI Intelligence .* openai-compatible live$/m);
});

test("a key that no tool of this release uses yet is not shown as if it were used", () => {
  const { view, found } = createView({ SNOWFLAKE_ACCOUNT: "acme-eu", SNOWFLAKE_USER: "ann", SNOWFLAKE_TOKEN: "a1" });
  view.ready(
    serverList.map((server) => status(server, "ready")),
    found,
  );
  expect(written.stdout).toMatch(/^Business Intelligence .* Snowflake live \(unused\)/m);
});

test.for([
  { only: ["ai", "data"], asks: "Which models" },
  { only: ["data", "infra"], asks: "What is the status" },
  { only: ["data"], asks: "Fetch https://example.com" },
])("with $only it asks: $asks", ({ only, asks }) => {
  const servers = serverList.filter(({ id }) => only.includes(id));
  const { view, found } = createView({}, servers);
  view.ready(
    servers.map((server) => status(server, "ready")),
    found,
  );
  expect(written.stdout).toContain(`then ask Cursor: "${asks}`);
});

test("stopping is one line, and one for each server", () => {
  const { view } = createView({});
  view.stopping("SIGINT");
  for (const state of ["draining", "draining", "stopped"] as const) {
    for (const server of serverList) view.change(status(server, state));
  }
  expect(written.stderr.trim().split("\n")).toHaveLength(1 + serverList.length);
});
