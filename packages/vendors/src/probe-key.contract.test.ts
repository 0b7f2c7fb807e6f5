import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Secret } from "@sophia/core/config/secret";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import type { KeyCheck } from "./probe-key.ts";
import { keyChecks } from "./testing/key-checks.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const folder = process.env["BENCH_SPECS"] ?? join(root, "../shared/specs");

/** The vendors' own descriptions. Hugging Face and Arize publish none, Twingly neither, and ZenRows one that is another's. */
const files: Record<string, string> = {
  openrouter: "openrouter-openapi.yaml",
  together: "together-openapi.yaml",
  portkey: "portkey-openapi.yaml",
  apify: "apify-v2-openapi.json",
  phantombuster: "phantombuster-v2-openapi.json",
  tavily: "tavily-openapi.json",
  pulumi: "pulumi-cloud-openapi.json",
  lambda: "lambda-cloud-1.10.0-openapi.json",
  github: "github-rest-openapi.json",
  pinecone: "pinecone/db_control_2026-04.oas.yaml",
};

// These two describe neither how a caller signs in nor, Pulumi, where the service is.
const withoutSecurity = ["pulumi", "github"];

type Requirement = Record<string, unknown>;

interface Operation {
  security?: Requirement[];
  parameters?: { name?: string; $ref?: string; required?: boolean }[];
  responses: Record<string, unknown>;
}

interface Description {
  servers?: { url: string }[];
  security?: Requirement[];
  paths: Record<string, Record<string, Operation> & { servers?: { url: string }[] }>;
  components: { securitySchemes?: Record<string, { type: string; scheme?: string; in?: string; name?: string }> };
}

function read(file: string): Description {
  const text = readFileSync(join(folder, file), "utf8");
  return (file.endsWith(".json") ? JSON.parse(text) : parse(text, { maxAliasCount: -1 })) as Description;
}

function addressOf({ baseUrl, path }: KeyCheck): string {
  return (typeof baseUrl === "string" ? baseUrl : baseUrl({})).replace(/\/$/, "") + path;
}

/** How the check sends the key, in the words of the description. */
function schemeOf(check: KeyCheck): Record<string, string> {
  const auth = check.auth(new Secret("x"));
  if (auth.in === "bearer") return { type: "http", scheme: "bearer" };
  if (auth.in === "basic") return { type: "http", scheme: "basic" };
  if (auth.in === "headers") return { type: "several headers" };
  return { type: "apiKey", in: auth.in, name: auth.name.toLowerCase() };
}

/** What the description wants alone: a requirement with several schemes wants all of them. */
function wantedSchemes(description: Description, operation: Operation): object[] {
  const schemes = description.components.securitySchemes ?? {};
  return (operation.security ?? description.security ?? [])
    .map((requirement) => Object.keys(requirement))
    .filter((names) => names.length === 1)
    .map(([name = ""]) => {
      const { type, scheme, in: place, name: field } = schemes[name] ?? { type: "missing" };
      return type === "http" ? { type, scheme } : { type, in: place, name: field?.toLowerCase() };
    });
}

describe.skipIf(!existsSync(folder))("what is asked about a key (skipped without BENCH_SPECS)", () => {
  const described = keyChecks.filter(({ service }) => service in files);

  test.each(described.map((check) => [check.service, check] as const))("%s describes it", (id, check) => {
    const description = read(files[id] ?? "");
    const servers = description.servers ?? [{ url: "https://api.pulumi.com" }];
    const templates = servers.map(({ url }) => url.replace(/\/$/, ""));
    const address = addressOf(check);
    const server = templates.find((url) => address.startsWith(`${url}/`)) ?? "";
    const operation = description.paths[address.slice(server.length)]?.["get"];
    expect(operation, `${address} is in ${files[id]}`).toBeDefined();
    expect(Object.keys(operation?.responses ?? {})).toContain("200");
    const known = (operation?.parameters ?? []).map(({ name, $ref }) => name ?? $ref ?? "");
    for (const name of Object.keys(check.query ?? {})) expect(known).toContain(name);
    const wanted = (operation?.parameters ?? []).filter(({ required }) => required === true);
    const given = [...Object.keys(check.query ?? {}), ...Object.keys(check.headers ?? {})];
    expect(given).toEqual(expect.arrayContaining(wanted.map(({ name }) => name?.toLowerCase())));
    const schemes = wantedSchemes(description, operation as Operation);
    expect(withoutSecurity.includes(id) ? [schemeOf(check)] : schemes).toContainEqual(schemeOf(check));
    expect(schemes.length > 0).toBe(!withoutSecurity.includes(id));
  });

  test("each service without a description of its own is known as such", () => {
    const others = keyChecks.map(({ service }) => service).filter((service) => !(service in files));
    expect(others.toSorted()).toEqual(["arize", "huggingface", "twingly", "zenrows"]);
  });
});

describe.skipIf(!existsSync(folder))("Twingly's recorded answers (skipped without BENCH_SPECS)", () => {
  const check = keyChecks.find(({ service }) => service === "twingly");

  test.each([
    ["valid_empty_result", undefined, true],
    ["minimal_valid_result", undefined, true],
    ["recorded_spotify_page10_sv", undefined, true],
    ["unauthorized_api_key_result", true, false],
    ["nonexistent_api_key_result", undefined, false],
    ["service_unavailable_result", undefined, false],
    ["undefined_error_result", undefined, false],
    ["non_xml_result", undefined, false],
  ])("%s", (name, refuses, isAnswer) => {
    const body = readFileSync(join(folder, "twingly-fixtures", `${name}.xml`), "utf8");
    expect(check?.refusesKey?.(body, 200)).toBe(refuses);
    expect(check?.isAnswer?.(body)).toBe(isAnswer);
  });
});
