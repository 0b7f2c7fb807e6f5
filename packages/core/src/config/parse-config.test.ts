import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { createScrubber } from "../observe/scrub.ts";
import { ConfigError, isSecretSchema, parseConfig, secretString } from "./parse-config.ts";
import { PlatformSettings, toPlatformConfig } from "./platform-config.ts";
import { Secret, unwrap } from "./secret.ts";
import { decimalSetting, switchSetting, wholeNumberSetting } from "./setting-schemas.ts";

const Vendor = z.object({
  VENDOR_API_KEY: secretString({ minimumLength: 10 }).optional().describe("Key."),
  VENDOR_PAGE_SIZE: wholeNumberSetting({ minimum: 1, maximum: 100 }).default(20).describe("Items on a page."),
});

function readProblems(schemas: readonly z.ZodObject[], environment: Record<string, string>): string[] {
  try {
    parseConfig(schemas, environment);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    expect(error.exitCode).toBe(78);
    return error.problems.map((problem) => `${problem.variable}: ${problem.message}`);
  }
}

describe("parseConfig", () => {
  it("fills in defaults from an empty environment", () => {
    const config = toPlatformConfig(parseConfig([PlatformSettings], { HOME: "/home/x", PATH: "/bin" }));
    expect(config).toMatchObject({
      simulate: false,
      readOnly: false,
      host: "127.0.0.1",
      allowedHosts: [],
      ports: { ai: 8091, data: 8092, infra: 8093, bi: 8094, console: 8090 },
      logLevel: "info",
    });
    expect(config.dataDir).toMatch(/^\/.*\.sophia$/);
  });

  it("merges several schemas, wraps secrets and makes them known to the scrubber", () => {
    const scrubber = createScrubber();
    const environment = {
      VENDOR_API_KEY: " key-1234567890\n",
      SOPHIA_ALLOWED_HOSTS: "a.example, b.example",
      SOPHIA_SIMULATE: "Yes",
    };
    const settings = parseConfig([PlatformSettings, Vendor], environment, { scrubber });
    expect(settings.VENDOR_API_KEY).toBeInstanceOf(Secret);
    expect(settings.VENDOR_API_KEY && unwrap(settings.VENDOR_API_KEY)).toBe("key-1234567890");
    expect(settings.VENDOR_PAGE_SIZE).toBe(20);
    expect(settings.SOPHIA_ALLOWED_HOSTS).toEqual(["a.example", "b.example"]);
    expect(settings.SOPHIA_SIMULATE).toBe(true);
    expect(JSON.stringify(settings)).not.toContain("1234567890");
    expect(scrubber.scrub("key-1234567890")).toBe("[secret VENDOR_API_KEY]");
  });

  it("names every mistake at once and quotes no value (fault 109)", () => {
    const problems = readProblems([PlatformSettings, Vendor], {
      SOPHIA_PORT_AI: "8O91",
      SOPHIA_PORT_BI: "70000",
      SOPHIA_READ_ONLY: "maybe-canary",
      SOPHIA_LOG_LEVEL: "verbose-canary",
      SOPHIA_DATABASE_URL: "mysql://root:canary-password@host/db",
      SOPHIA_TOKEN: "canary-short",
      SOPHIA_DATADIR: "/canary",
      SOPHIA_PROT_DATA: "1",
      OTEL_EXPORTER_OTLP_ENDPOINT: "canary:4318",
      VENDOR_API_KEY: "canary",
      VENDOR_PAGE_SIZE: "1e2",
    });
    expect(problems).toEqual([
      "SOPHIA_TOKEN: must have at least 32 characters (12 characters given)",
      "SOPHIA_READ_ONLY: must be 1, true, yes or on, or 0, false, no or off (12 characters given)",
      "SOPHIA_PORT_AI: must be a whole number from 1 to 65535 (4 characters given)",
      "SOPHIA_PORT_BI: must be a whole number from 1 to 65535 (5 characters given)",
      "SOPHIA_DATABASE_URL: must be a URL that begins with postgresql:// or postgres:// (36 characters given)",
      "SOPHIA_LOG_LEVEL: must be one of trace, debug, info, warn, error, fatal, silent (14 characters given)",
      "OTEL_EXPORTER_OTLP_ENDPOINT: must be a URL that begins with http:// or https:// (11 characters given)",
      "VENDOR_API_KEY: must have at least 10 characters (6 characters given)",
      "VENDOR_PAGE_SIZE: must be a whole number from 1 to 100 (3 characters given)",
      "SOPHIA_DATADIR: is not a setting; did you mean SOPHIA_DATA_DIR?",
      "SOPHIA_PROT_DATA: is not a setting; did you mean SOPHIA_PORT_DATA?",
    ]);
    expect(problems.join()).not.toContain("canary");
  });

  it("keeps even a refused secret known to the scrubber", () => {
    const scrubber = createScrubber();
    expect(() => parseConfig([Vendor], { VENDOR_API_KEY: "canary-99" }, { scrubber })).toThrow(ConfigError);
    expect(scrubber.scrub("canary-99")).not.toContain("canary");
  });

  it("refuses two servers on one port", () => {
    expect(readProblems([PlatformSettings], { SOPHIA_PORT_AI: "9000", SOPHIA_PORT_BI: "9000" })).toEqual([
      "configuration: SOPHIA_PORT_AI and SOPHIA_PORT_BI are the same port: each server needs its own",
    ]);
    // One of them by default, and beside another mistake.
    expect(readProblems([PlatformSettings], { SOPHIA_PORT_AI: "8094", SOPHIA_READ_ONLY: "x" })).toHaveLength(2);
    expect(
      readProblems([PlatformSettings], { SOPHIA_PORT_AI: "9000", SOPHIA_PORT_BI: "x", SOPHIA_READ_ONLY: "x" }),
    ).toHaveLength(2);
  });

  it("leaves another program's settings alone, and counts an empty variable as not set", () => {
    expect(
      readProblems([PlatformSettings], { SOPHIA_BI_FOLDER: "/data", SOPHIA_TOKEN: "", SOPHIA_PORT_AI: " " }),
    ).toEqual([]);
    // What Kubernetes sets in every pod beside a service called sophia-ai.
    const links = { SOPHIA_AI_SERVICE_HOST: "10.0.0.1", SOPHIA_AI_PORT: "tcp://10.0.0.1:8091" };
    expect(readProblems([PlatformSettings], { ...links, SOPHIA_AI_PORT_8091_TCP: "tcp://10.0.0.1:8091" })).toEqual([]);
    expect(readProblems([PlatformSettings], { SOPHIA_AI_PORT: "8091" })).toEqual([
      "SOPHIA_AI_PORT: is not a setting; did you mean SOPHIA_PORT_AI?",
    ]);
  });

  it("is not reached by prototype names (fault 85)", () => {
    const hostile = JSON.parse('{"__proto__":{"polluted":"yes","SOPHIA_HOST":"0.0.0.0"},"constructor":"x"}') as Record<
      string,
      string
    >;
    const settings = parseConfig([PlatformSettings], hostile);
    expect(settings.SOPHIA_HOST).toBe("127.0.0.1");
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
    const inherited = Object.create({ SOPHIA_HOST: "0.0.0.0" }) as Record<string, string>;
    expect(parseConfig([PlatformSettings], inherited).SOPHIA_HOST).toBe("127.0.0.1");
    expect(readProblems([z.object({ SWITCH: switchSetting(false) })], { SWITCH: "constructor" })).toHaveLength(1);
  });

  it("knows a secret field under optional, default and a description", () => {
    expect(isSecretSchema(secretString().describe("x"))).toBe(true);
    expect(isSecretSchema(secretString().optional().describe("x"))).toBe(true);
    expect(isSecretSchema(z.string().optional())).toBe(false);
  });

  it("reads numbers strictly, whatever is thrown at it", () => {
    const schema = z.object({
      WHOLE: wholeNumberSetting({ minimum: 0, maximum: 1_000_000 }),
      DECIMAL: decimalSetting({ minimum: 0, maximum: 1_000 }),
    });
    expect(parseConfig([schema], { WHOLE: "42", DECIMAL: "0.25" })).toEqual({ WHOLE: 42, DECIMAL: 0.25 });
    expect(readProblems([schema], {})).toEqual(["WHOLE: is required", "DECIMAL: is required"]);
    fc.assert(
      fc.property(fc.string(), (text) => {
        fc.pre(!/^\s*\d+\s*$/.test(text) && text.trim() !== "");
        expect(readProblems([z.object({ WHOLE: schema.shape.WHOLE })], { WHOLE: text })).toHaveLength(1);
      }),
    );
  });
});
