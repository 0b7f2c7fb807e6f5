import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { biServer } from "./server.ts";

const tools = [...biServer.direct, ...biServer.longTail];

test("every tool file is listed, has a test, and is named as its tool", () => {
  const files = readdirSync(new URL("tools", import.meta.url)).filter((name) => name !== "list.ts");
  const named = tools.map((tool) => tool.name.replaceAll("_", "-"));
  expect(files.filter((name) => !name.includes(".test.")).toSorted()).toEqual(
    named.map((name) => `${name}.ts`).toSorted(),
  );
  for (const name of named) expect(files).toContain(`${name}.test.ts`);
});

test.each(tools.map((tool) => [tool.name, tool] as const))("%s keeps the rules of the catalogue", (_name, tool) => {
  expect(tool.name).toMatch(/^(?:query|describe|import|list)_[a-z_]{1,40}$/);
  expect(tool.description.length).toBeLessThanOrEqual(1_024);
  expect(tool.description).toContain("Example:");
  for (const [field, schema] of Object.entries<{ description?: string }>(tool.input.shape)) {
    expect({ field, described: Boolean(schema.description) }).toEqual({ field, described: true });
  }
});
