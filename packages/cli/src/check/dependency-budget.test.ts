import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";

const Versions = z.record(z.string(), z.object({ version: z.string() }));
const Lockfile = z.object({
  importers: z.record(z.string(), z.object({ dependencies: Versions.optional() })),
  packages: z.record(
    z.string(),
    z.object({ resolution: z.looseObject({ integrity: z.string().optional(), tarball: z.string().optional() }) }),
  ),
  snapshots: z.record(
    z.string(),
    z.object({
      dependencies: z.record(z.string(), z.string()).optional(),
      optionalDependencies: z.record(z.string(), z.string()).optional(),
    }),
  ),
});

const root = fileURLToPath(new URL("../../../../", import.meta.url));
const lockfile = Lockfile.parse(parse(readFileSync(`${root}pnpm-lock.yaml`, "utf8")));
const Workspace = z.object({ allowBuilds: z.record(z.string(), z.boolean()), minimumReleaseAge: z.number() });
const workspace = Workspace.parse(parse(readFileSync(`${root}pnpm-workspace.yaml`, "utf8")));

/** Every third-party package that a workspace needs at run time, other workspaces followed. */
function runtimePackages(importer: string): Set<string> {
  const found = new Set<string>();
  const visit = (key: string): void => {
    if (found.has(key)) return;
    found.add(key);
    const snapshot = lockfile.snapshots[key];
    for (const [name, version] of Object.entries({ ...snapshot?.dependencies, ...snapshot?.optionalDependencies })) {
      visit(version.startsWith(name) || version.includes("@npm:") ? version : `${name}@${version}`);
    }
  };
  for (const [name, { version }] of Object.entries(lockfile.importers[importer]?.dependencies ?? {})) {
    if (!version.startsWith("link:")) visit(`${name}@${version}`);
  }
  return found;
}

test("core needs fewer than 80 packages at run time", () => {
  const packages = runtimePackages("packages/core");
  expect(packages.size).toBeGreaterThan(10);
  expect(packages.size, [...packages].join("\n")).toBeLessThan(80);
});

test("no native package is among core's: DuckDB, usearch and the model belong to the servers that use them", () => {
  const names = [...runtimePackages("packages/core")].join(" ");
  expect(names).not.toMatch(/duckdb|usearch|energetic-ai|onnx/);
});

test("every package is pinned by SHA-512 and comes from the registry", () => {
  for (const [name, { resolution }] of Object.entries(lockfile.packages)) {
    expect({ name, integrity: resolution.integrity?.startsWith("sha512-") }).toEqual({ name, integrity: true });
    expect(resolution.tarball ?? "", name).not.toMatch(/^(?:git|https?:\/\/(?:codeload|github))/);
  }
});

test("only the package that brings Node runs an install script, and new versions wait three days", () => {
  const allowed = Object.entries(workspace.allowBuilds).filter(([, isAllowed]) => isAllowed);
  expect(allowed.map(([name]) => name)).toEqual(["node"]);
  expect(workspace.minimumReleaseAge).toBeGreaterThanOrEqual(4_320);
});
