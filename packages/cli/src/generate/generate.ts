import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { aiServer } from "@sophia/ai/server";
import { biServer } from "@sophia/bi/server";
import { dataServer } from "@sophia/data/server";
import { infraServer } from "@sophia/infra/server";
import { stages } from "@sophia/core/secrets/settings/group-environments";
import { renderSkeleton } from "@sophia/vendors/environments/render-skeleton";
import { services } from "@sophia/vendors/registry";
import { renderEnvExample } from "@sophia/vendors/render-env-example";
import { renderServiceTable } from "@sophia/vendors/render-service-table";
import { renderToolTable } from "./render-tool-table.ts";
import { replaceSection } from "./replace-section.ts";
import { listPlaces } from "../server-settings.ts";
import { listSettingsSections } from "./settings-sections.ts";

// Writes what follows from the code: .env.example, the tables of README.md, the ESC environments of infra/pulumi/esc. With --check it only compares.
const root = fileURLToPath(new URL("../../../../", import.meta.url));
const check = process.argv.includes("--check");
const ports = { ai: 8091, data: 8092, infra: 8093, bi: 8094 };

/** As `pnpm format` would leave it, so that neither step undoes the other. */
function format(name: string, text: string): string {
  const formatter = join(root, "node_modules", "oxfmt", "bin", "oxfmt");
  const run = spawnSync(process.execPath, [formatter, "--stdin-filepath", name], {
    cwd: root,
    input: text,
    encoding: "utf8",
  });
  if (run.status !== 0) throw new Error(`oxfmt could not format ${name}: ${run.stderr}`);
  return run.stdout;
}

function renderReadme(): string {
  const text = readFileSync(join(root, "README.md"), "utf8");
  const withTools = replaceSection(
    text,
    "tools",
    renderToolTable([aiServer, dataServer, infraServer, biServer], ports),
  );
  return format("README.md", replaceSection(withTools, "services", renderServiceTable(services)));
}

const envHeading =
  "# Every variable Sophia reads. All are optional. Set them in the environment; npm start reads no file.\n" +
  "# This file is generated: npm run generate\n\n";
/** By file name; bases that stages share come out the same for each. */
function renderEnvironments(): Record<string, string> {
  const heading = "# Generated: npm run generate. `secrets init --stage STAGE` makes these environments.\n";
  const skeletons = stages.flatMap((stage) => renderSkeleton(listPlaces(), stage));
  return Object.fromEntries(
    skeletons.map(({ id, yaml }) => {
      const name = `infra/pulumi/esc/${id.name}.yaml`;
      return [name, format(name, heading + yaml)];
    }),
  );
}

const files: Record<string, string> = {
  ".env.example": envHeading + renderEnvExample(listSettingsSections()),
  "README.md": renderReadme(),
  ...renderEnvironments(),
};
for (const [name, text] of Object.entries(files)) {
  const file = join(root, name);
  if (existsSync(file) && readFileSync(file, "utf8") === text) continue;
  if (check) {
    process.stderr.write(`${name} is out of date.\n`);
    process.exitCode = 1;
  } else {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    process.stdout.write(`wrote ${name}\n`);
  }
}
