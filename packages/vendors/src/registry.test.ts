import { isSecretSchema, parseConfig } from "@sophia/core/config/parse-config";
import { PlatformSettings } from "@sophia/core/config/platform-config";
import type { EnvironmentFacts } from "@sophia/core/config/service";
import { describe, expect, it } from "vitest";
import type { z } from "zod";
import { computeModes, services } from "./registry.ts";
import { listServiceSections, renderEnvExample } from "./render-env-example.ts";
import { renderServiceTable } from "./render-service-table.ts";

const bare: EnvironmentFacts = { modelEndpoints: [], dockerAnswers: false };
const full: EnvironmentFacts = {
  modelEndpoints: ["http://127.0.0.1:11434"],
  dockerAnswers: true,
  pulumiCli: "/usr/local/bin/pulumi",
  gitClone: "/home/me/shop",
};

/** A value of each distinct key's shape; made up. */
const sampleKeys: Record<string, string> = {
  OPENROUTER_API_KEY: `sk-or-v1-${"a1".repeat(32)}`,
  HF_TOKEN: `hf_${"aB".repeat(17)}`,
  TOGETHER_API_KEY: `tgp_v1_${"aB3-".repeat(11)}`,
  ARIZE_API_KEY: `ak-0123abcd-${"aB3-".repeat(8)}`,
  APIFY_TOKEN: `apify_api_${"aB3".repeat(12)}`,
  TAVILY_API_KEY: `tvly-dev-${"aB3".repeat(10)}`,
  PULUMI_ACCESS_TOKEN: `pul-${"a1".repeat(20)}`,
  LAMBDA_API_KEY: `secret_my-key_${"a1".repeat(16)}.${"aB".repeat(16)}`,
  GITHUB_TOKEN: `github_pat_${"aB3_".repeat(20)}`,
  PINECONE_API_KEY: `pcsk_${"aB3_".repeat(16)}`,
  SOPHIA_DATABASE_URL: "postgresql://sophia:secret-word@db.example/sophia",
  SOPHIA_REDIS_URL: "rediss://:secret-word@cache.example:6380/0",
};

function readModes(environment: Record<string, string>, facts: EnvironmentFacts, simulate: boolean) {
  const config = parseConfig(
    services.map((service) => service.config as z.ZodObject),
    environment,
  );
  return Object.fromEntries(computeModes({ config, facts, simulate }).map((status) => [status.id, status.mode]));
}

describe("the service registry", () => {
  it("says with the way to live when no tool of this release goes it yet", () => {
    const fixes = new Map(
      computeModes({ config: {}, facts: bare, simulate: true }).map(({ id, fix }) => [id, fix] as const),
    );
    expect(fixes.get("snowflake")).toMatch(
      /^set SNOWFLAKE_ACCOUNT .*; no tool of this release reaches Snowflake live yet$/,
    );
    expect(fixes.get("redis")).not.toContain("no tool");
  });

  it("lists all 19 services, each once", () => {
    expect(services.map((service) => service.id)).toEqual([
      "arize",
      "openrouter",
      "portkey",
      "huggingface",
      "together",
      "apify",
      "phantombuster",
      "twingly",
      "tavily",
      "zenrows",
      "pulumi",
      "pulumi-esc",
      "lambda",
      "docker",
      "github",
      "snowflake",
      "pinecone",
      "postgresql",
      "redis",
    ]);
  });

  describe.each(services.map((service) => [service.id, service] as const))("%s", (_id, service) => {
    const fields = Object.entries((service.config as z.ZodObject).shape) as [string, z.ZodType][];

    it("has every part", () => {
      expect(service.title).toMatch(/^[A-Z]/);
      expect(service.purpose).toMatch(/^[A-Z].{20,120}\.$/);
      expect(URL.parse(service.docsUrl)?.protocol).toBe("https:");
      expect(["ai", "data", "infra", "bi", "store"]).toContain(service.group);
      expect(fields.length).toBeGreaterThan(0);
      for (const [name, field] of fields) {
        expect(name).toMatch(/^[A-Z][A-Z0-9_]+$/);
        expect(field.description, `${name} has a description`).toMatch(/^\S.{10,160}\.$/s);
      }
    });

    it("starts without any variable, and wraps what is secret", () => {
      expect((service.config as z.ZodObject).safeParse({}).success).toBe(true);
      for (const [name, field] of fields) {
        const isNamedSecret = /_(?:API_KEY|TOKEN|PASSWORD|PASSPHRASE|PRIVATE_KEY)$|^SOPHIA_.*_URL$/.test(name);
        expect(isSecretSchema(field), name).toBe(isNamedSecret);
      }
      if (service.id !== "docker") expect(fields.some(([, field]) => isSecretSchema(field))).toBe(true);
    });

    it("knows its keys by shape, in variables of its own, and by no pattern that backtracks", () => {
      if (service.id !== "docker") expect(service.keyShape.length).toBeGreaterThan(0);
      for (const shape of service.keyShape) {
        expect(fields.map(([name]) => name)).toContain(shape.variable);
        const startedAt = performance.now();
        shape.pattern.test(`${sampleKeys[shape.variable] ?? ""}${"a".repeat(50_000)}!`);
        expect(performance.now() - startedAt).toBeLessThan(200);
      }
    });

    it.each([
      ["bare", bare],
      ["full", full],
    ])("gives a mode, a reason and a way out on a %s machine", (_name, facts) => {
      for (const simulate of [true, false]) {
        const { mode, reason, fix } = service.modes({ config: {}, facts, simulate });
        expect(mode).not.toBe("live");
        expect(reason).toMatch(/\S/);
        if (service.id !== "docker") expect(fix).toContain(service.docsUrl);
        if (mode === "off" || mode === "simulated") expect(fix).toMatch(/^(?:set|start) /);
      }
    });
  });

  it("tells a distinct key's owner by its shape alone", () => {
    for (const [variable, key] of Object.entries(sampleKeys)) {
      const owners = services.flatMap((service) =>
        service.keyShape.filter((shape) => shape.isDistinct && shape.pattern.test(key)).map((shape) => shape.variable),
      );
      expect([...new Set(owners)], variable).toEqual([variable]);
    }
  });
});

describe("computeModes", () => {
  it("is as the design says on a plain machine without any account", () => {
    expect(readModes({}, bare, true)).toEqual({
      arize: "simulated",
      openrouter: "simulated",
      portkey: "simulated",
      huggingface: "simulated",
      together: "simulated",
      apify: "simulated",
      phantombuster: "simulated",
      twingly: "local",
      tavily: "simulated",
      zenrows: "local",
      pulumi: "simulated",
      "pulumi-esc": "local",
      lambda: "simulated",
      docker: "off",
      github: "simulated",
      snowflake: "local",
      pinecone: "local",
      postgresql: "local",
      redis: "local",
    });
    expect(readModes({}, full, true)).toMatchObject({
      huggingface: "local",
      pulumi: "local",
      docker: "local",
      github: "local",
      openrouter: "simulated",
    });
  });

  it("simulates nothing where simulation is not allowed", () => {
    const modes = Object.values(readModes({}, bare, false));
    expect(modes).not.toContain("simulated");
    expect(modes.filter((mode) => mode === "off")).toHaveLength(12);
  });

  it("is live with an account, whatever the machine has", () => {
    const environment = {
      ...sampleKeys,
      ARIZE_SPACE_ID: "space",
      PORTKEY_API_KEY: "x",
      PULUMI_ESC_ENVIRONMENT: "acme/sophia/sophia-ai-production",
      PHANTOMBUSTER_API_KEY: "x",
      TWINGLY_API_KEY: "x",
      ZENROWS_API_KEY: "x",
      DOCKER_HOST: "tcp://engine.example:2376",
      SNOWFLAKE_ACCOUNT: "org-account",
      SNOWFLAKE_USER: "reader",
      SNOWFLAKE_PRIVATE_KEY_PATH: "/run/key.pem",
    };
    const modes = readModes(environment, full, true);
    expect(Object.entries(modes).filter(([, mode]) => mode !== "live")).toEqual([]);
  });

  it("names what is missing when an account is half configured", () => {
    const config = { ARIZE_API_KEY: "x", SNOWFLAKE_ACCOUNT: "a", SNOWFLAKE_USER: "u" };
    const statuses = computeModes({ config, facts: bare, simulate: false });
    const arize = statuses.find((status) => status.id === "arize");
    expect(arize).toMatchObject({ mode: "off", reason: "ARIZE_SPACE_ID is not set" });
    expect(statuses.find((status) => status.id === "snowflake")).toMatchObject({
      mode: "local",
      fix: expect.stringMatching(/^set SNOWFLAKE_TOKEN \(https/),
    });
  });
});

describe("what is derived from the registry", () => {
  it("writes an .env.example that parses, with each variable once and no value for a secret", () => {
    const text = renderEnvExample([{ title: "Sophia", settings: PlatformSettings }, ...listServiceSections(services)]);
    const lines = text.split("\n").filter((line) => /^#[A-Z]/.test(line));
    const names = lines.map((line) => line.slice(1, line.indexOf("=")));
    expect(new Set(names).size).toBe(names.length);
    expect(names).toContain("PULUMI_ACCESS_TOKEN");
    expect(text).toContain("#SOPHIA_PORT_AI=8091");
    expect(text).toMatch(/^#TAVILY_API_KEY=$/m);
    const environment = Object.fromEntries(
      lines.map((line) => [line.slice(1, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
    );
    const schemas = [PlatformSettings, ...services.map((service) => service.config as z.ZodObject)];
    expect(() => parseConfig(schemas, environment)).not.toThrow();
  });

  it("writes a table with one row per service", () => {
    const lines = renderServiceTable(services).trim().split("\n");
    expect(lines).toHaveLength(21);
    for (const line of lines) expect(line.match(/(?<!\\)\|/g)).toHaveLength(6);
    expect(lines.find((line) => line.includes("Tavily"))).toBe(
      "| [Tavily](https://app.tavily.com/home) | Web search made for models. | `TAVILY_API_KEY` | simulated | live, simulated |",
    );
  });
});
