import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { isSecretSchema } from "@sophia/core/config/parse-config";
import { PlatformSettings } from "@sophia/core/config/platform-config";
import { services } from "@sophia/vendors/registry";
import type { z } from "zod";
import { CliSettings } from "../load-config.ts";
import { serverList } from "../server-list.ts";
import { serverSettings } from "../server-settings.ts";
import { defaultLimits } from "../supervisor/restart-policy.ts";

interface ComposeService {
  image: string;
  build?: { args: string[]; dockerfile: string };
  command: string[];
  ports: string[];
  volumes: string[];
  tmpfs: string[];
  environment: Record<string, string | null>;
  healthcheck: { test: string[]; interval: string; timeout: string; retries: number };
  stop_grace_period: string;
  mem_limit: string;
  pids_limit: number;
  [option: string]: unknown;
}

const root = fileURLToPath(new URL("../../../../", import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const dockerfile = read("infra/docker/Dockerfile").replaceAll("\\\n", " ");
const instructions = dockerfile.split("\n").filter((line) => /^[A-Z]+ /.test(line));
const composeText = read("docker-compose.yml");
const compose = parse(composeText, { merge: true }) as { name: string; services: Record<string, ComposeService> };
const defaults = PlatformSettings.parse({});
const portOf = {
  ai: "SOPHIA_PORT_AI",
  data: "SOPHIA_PORT_DATA",
  infra: "SOPHIA_PORT_INFRA",
  bi: "SOPHIA_PORT_BI",
} as const;
const settings = [
  PlatformSettings,
  CliSettings,
  ...serverSettings.map((server) => server.settings),
  ...services.map((service) => service.config as z.ZodObject),
];
const secretNames = settings.flatMap(({ shape }) =>
  Object.entries(shape).flatMap(([name, field]) => (isSecretSchema(field) ? [name] : [])),
);

describe("Dockerfile", () => {
  test("stands on the Node of the workspace, by its exact version", () => {
    const base = /^ARG BASE_IMAGE=(\S+)$/m.exec(dockerfile)?.[1] ?? "";
    const catalog = (parse(read("pnpm-workspace.yaml")) as { catalog: Record<string, string> }).catalog;
    expect(base).toMatch(new RegExp(`^node:${catalog["node"]?.replaceAll(".", "\\.")}-[a-z]+-slim$`));
    for (const { build } of Object.values(compose.services)) {
      expect(build?.args).toEqual([`BASE_IMAGE=\${SOPHIA_BASE_IMAGE:-${base}}`]);
    }
    const origins = instructions.filter((line) => line.startsWith("FROM ")).map((line) => line.split(" ")[1]);
    expect(new Set(origins)).toEqual(new Set(["${BASE_IMAGE}"]));
  });

  test("does not run as root", () => {
    const start = instructions.findIndex((line) => line.startsWith("ENTRYPOINT "));
    const users = instructions.filter((line) => line.startsWith("USER "));
    expect(users).toEqual(["USER node"]);
    expect(instructions.indexOf("USER node")).toBeLessThan(start);
    expect(instructions[start]).toMatch(/^ENTRYPOINT \["node", /);
  });

  test("installs what the lockfile says, in place, without scripts", () => {
    const installs = instructions.filter((line) => line.includes("install"));
    expect(installs).toHaveLength(1);
    for (const flag of ["--prod", "--frozen-lockfile", "--ignore-scripts"]) expect(installs[0]).toContain(flag);
    expect(instructions.join("\n")).not.toMatch(/pnpm deploy|^ADD |curl|wget/m);
  });

  test("knows every package of the workspace but the simulators", () => {
    const manifests = globSync(["packages/*/package.json", "servers/*/package.json"], { cwd: root });
    const wanted = manifests.filter((path) => path !== join("packages", "simulators", "package.json"));
    const copied = instructions.flatMap((line) => /^COPY (\w+\/\w+\/package\.json) /.exec(line)?.[1] ?? []);
    expect(copied.toSorted()).toEqual(wanted.toSorted());
  });

  test("carries no secret", () => {
    for (const name of secretNames) expect(dockerfile).not.toContain(name);
    expect(dockerfile).not.toMatch(/^(?:ENV|ARG) .*(?:TOKEN|SECRET|PASSWORD|_KEY)/m);
  });
});

test("the build context is a list of what is needed, without secrets, tests and simulators", () => {
  const rules = read(".dockerignore")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  expect(rules[0]).toBe("*");
  const added = rules.filter((rule) => rule.startsWith("!"));
  expect(added).toEqual([
    "!package.json",
    "!pnpm-lock.yaml",
    "!pnpm-workspace.yaml",
    "!packages",
    "!servers",
    "!infra/docker/*.ts",
  ]);
  const afterwards = rules.slice(rules.lastIndexOf(added.at(-1) ?? "") + 1);
  const needed = ["packages/simulators", "**/node_modules", "**/*.test.ts", "**/testing", "**/.env"];
  expect(afterwards).toEqual(expect.arrayContaining(needed));
});

describe("docker-compose.yml", () => {
  test("has the four servers, one image and one project name", () => {
    expect(compose.name).toBe("sophia");
    expect(Object.keys(compose.services).toSorted()).toEqual(serverList.map(({ id }) => id as string).toSorted());
    const images = new Set(Object.values(compose.services).map(({ image }) => image));
    const { version } = JSON.parse(read("package.json")) as { version: string };
    expect([...images]).toEqual([`\${SOPHIA_IMAGE:-sophia:${version}}`]);
    // `docker compose up bi` on a fresh clone builds the image; without `build` it would ask a registry for it.
    const builds = new Set(Object.values(compose.services).map(({ build }) => JSON.stringify(build)));
    expect([...builds]).toEqual([expect.stringContaining("infra/docker/Dockerfile")]);
  });

  test("holds no value of a secret", () => {
    for (const { environment } of Object.values(compose.services)) {
      for (const name of secretNames) expect(environment[name] || null, name).toBeNull();
      // Set to nothing here, it is out of reach for the .env that every container gets.
      expect(environment["SOPHIA_APPROVER_TOKEN"]).toBe("");
    }
    expect(composeText).not.toMatch(/sophia_(?:all|approve|ai|data|infra|bi)_[\w-]{20,}/);
  });

  test.each(serverList.map(({ id }) => id))("%s is reached from this machine only", (id) => {
    const { ports, environment, command } = readService(id);
    const name = portOf[id];
    expect(ports).toEqual([`127.0.0.1:\${${name}:-${defaults[name]}}:${defaults[name]}`]);
    expect(environment["SOPHIA_HOST"]).toBe("0.0.0.0");
    expect(environment[name]).toBe(String(defaults[name]));
    expect(command).toEqual(["up", "--only", id]);
  });

  test.each(serverList.map(({ id }) => id))("%s has no rights it does not need", (id) => {
    const service = readService(id);
    expect(service).toMatchObject({ read_only: true, cap_drop: ["ALL"], security_opt: ["no-new-privileges:true"] });
    for (const option of ["privileged", "cap_add", "devices", "network_mode", "pid", "ipc", "userns_mode", "user"]) {
      expect(service, option).not.toHaveProperty(option);
    }
    expect(service.volumes).toEqual(["data:/data"]);
    expect(service.pids_limit).toBeLessThanOrEqual(512);
    expect(service.mem_limit).toMatch(/^\d+[mg]$/);
    expect(service.tmpfs).toEqual([expect.stringMatching(/^\/tmp:size=\d+m/)]);
    expect(service.environment["SOPHIA_SIMULATE"]).toBe("0");
    // Messages of the servers name commands that work in this folder, with these containers.
    expect(service.environment["SOPHIA_COMMAND"]).toMatch(/^docker compose run --rm (?:ai|data|infra|bi)$/);
  });

  test.each(serverList.map(({ id }) => id))("%s is watched, restarted and given time to finish", (id) => {
    const { healthcheck, stop_grace_period: grace, restart } = readService(id);
    const [kind, runtime, script = "", port] = healthcheck.test;
    expect([kind, runtime, port]).toEqual(["CMD", "node", String(defaults[portOf[id]])]);
    expect(existsSync(join(root, script))).toBe(true);
    expect(restart).toBe("unless-stopped");
    expect(Number.parseInt(healthcheck.interval)).toBeGreaterThanOrEqual(10);
    // Engines before 25, which are promised to work, refuse it.
    expect(healthcheck).not.toHaveProperty("start_interval");
    expect(Number.parseInt(grace) * 1_000).toBeGreaterThan(defaultLimits.graceMs + 5_000);
  });

  test("the Copilot finds each server under a name that the servers accept", () => {
    const { environment } = readService("infra");
    const expected = serverList.map(({ id }) => `${id}=http://${id}:${defaults[portOf[id]]}`);
    expect(environment["SOPHIA_INFRA_SERVERS"]?.split(",").toSorted()).toEqual(expected.toSorted());
    const accepted = environment["SOPHIA_ALLOWED_HOSTS"]?.replace(/\$.*/, "").split(",") ?? [];
    expect(accepted.toSorted()).toEqual(serverList.map(({ id }) => id as string).toSorted());
  });
});

function readService(id: string): ComposeService {
  const service = compose.services[id];
  if (service === undefined) throw new Error(`docker-compose.yml has no service ${id}.`);
  return service;
}
