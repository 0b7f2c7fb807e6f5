import { secretGroups } from "@sophia/core/secrets/settings/group-environments";
import { isSecretSchema } from "@sophia/core/config/parse-config";
import { expect, test } from "vitest";
import { parse } from "yaml";
import type { z } from "zod";
import { services } from "../registry.ts";
import { renderSkeleton } from "./render-skeleton.ts";
import { environmentOf, listVariablePlaces } from "./variable-places.ts";

const places = listVariablePlaces({});

test("every variable of the 19 services has one place, that of its group, but for those that lead to the store", () => {
  const variables = services.flatMap(({ config }) => Object.keys((config as z.ZodObject).shape));
  const placed = places.map(({ variable }) => variable);
  expect(new Set(placed).size).toBe(placed.length);
  const missing = [...new Set(variables)].filter((variable) => !placed.includes(variable));
  expect(missing.filter((variable) => !variable.startsWith("PULUMI_"))).toEqual([]);
  for (const service of services) {
    const secrets = Object.entries((service.config as z.ZodObject).shape).filter(([, field]) => isSecretSchema(field));
    for (const [variable] of secrets) {
      const place = places.find((each) => each.variable === variable);
      expect(place?.isSecret, variable).toBe(true);
      expect(place?.path.at(-1)).toBe(variable);
    }
  }
  const snowflake = places.find(({ variable }) => variable === "SNOWFLAKE_TOKEN");
  expect(snowflake?.path).toEqual(["business_intelligence", "snowflake", "SNOWFLAKE_TOKEN"]);
  expect(snowflake && environmentOf(snowflake, "staging")).toEqual({
    project: "sophia",
    name: "business-intelligence-staging",
  });
  const shared = places.find(({ variable }) => variable === "SOPHIA_DATABASE_URL");
  expect(shared?.path).toEqual(["stores", "postgresql", "SOPHIA_DATABASE_URL"]);
});

test("the skeleton of a stage is four groups on shared bases, composed by one environment", () => {
  const skeleton = renderSkeleton(places, "production");
  const texts = new Map(skeleton.map(({ id, yaml }) => [`${id.project}/${id.name}`, parse(yaml) as unknown]));
  expect(texts.get("sophia/sophia-ai-production")).toEqual({
    imports: secretGroups.map(({ environment }) => `sophia/${environment}-production`),
  });
  for (const { key, environment } of secretGroups) {
    expect(texts.get(`sophia/${environment}-production`)).toEqual({
      imports: ["sophia/base", "sophia/stores-production"],
      values: { [key]: {}, environmentVariables: {} },
    });
  }
  // Made in this order, none is checked before what it imports is there.
  const names = [...texts.keys()];
  for (const [name, text] of texts) {
    for (const imported of (text as { imports?: string[] }).imports ?? []) {
      expect(names.indexOf(imported), `${name} imports ${imported}`).toBeLessThan(names.indexOf(name));
      expect(names).toContain(imported);
    }
  }
});

test("in a store with another project, imports follow", () => {
  const located = renderSkeleton(places, "staging", ({ name }) => ({ project: "platform", name }));
  for (const { id, yaml } of located) {
    expect(id.project).toBe("platform");
    const { imports = [] } = parse(yaml) as { imports?: string[] };
    for (const imported of imports) expect(imported).toMatch(/^platform\//);
  }
});
