import type { GithubSecrets } from "@sophia/vendors/github/secrets-api";
import type { CommandContext } from "../commands/command-context.ts";
import { formatTable } from "../format-table.ts";
import { describeScope, formatScope } from "./export-scope.ts";
import { renderExportWorkflow } from "./export-workflow.ts";
import { placeOf } from "./github-delete.ts";
import { findEnvironments } from "./github-export.ts";
import { planGithubImport } from "./github-import.ts";
import { openResults } from "./github-results.ts";
import { planRewrite, tellRewrite } from "./github-rewrite.ts";
import type { MigrateGithubOptions } from "./migrate-github.ts";
import type { RunFolder } from "./run-folder.ts";
import { createExportKeyPair } from "./sealed-export.ts";
import { showPlan, toPlanLines } from "./show-plan.ts";
import { openClone } from "./workflows/clone-branch.ts";
import { findSecretReferences } from "./workflows/secret-references.ts";

interface Preview {
  options: MigrateGithubOptions;
  github: GithubSecrets | undefined;
  folder: RunFolder | undefined;
}

/** `--dry-run`: what would be exported, where it would go, what would become of the workflows. Writes nothing anywhere. */
export async function previewMigration(context: CommandContext, preview: Preview): Promise<number> {
  const { options, github, folder } = preview;
  const environments = folder?.state.github?.environments ?? (await findEnvironments(github, options));
  const names = await findNames(preview, environments);
  const imported = folder === undefined ? undefined : await previewImport(preview, folder);
  const workflow = renderExportWorkflow({
    run: folder?.state.id ?? "RUN",
    repository: options.repository,
    publicKey: folder?.state.github?.publicKey ?? createExportKeyPair().publicKey,
    environments,
    expiresAt: Date.now(),
    names: options.names,
  });
  const rewrite =
    options.clone === undefined
      ? undefined
      : (
          await planRewrite({
            store: options.store,
            clone: options.clone,
            organisation: options.organisation ?? "ORGANISATION",
            repository: options.repository,
            environments,
            secrets: names,
          })
        ).rewrite;
  if (options.json) {
    const found = [...names].map(([scope, all]) => ({ scope, names: [...all].toSorted() }));
    context.terminal.print(
      JSON.stringify({ dryRun: true, environments, secrets: found, values: imported, workflow, workflows: rewrite }),
    );
    return 0;
  }
  const rows = [...names].flatMap(([scope, all]) => [...all].toSorted().map((name) => [name, describeScope(scope)]));
  if (rows.length > 0 && imported === undefined)
    context.terminal.print(formatTable(["SECRET", "FROM"], rows, context.terminal.columns));
  if (imported !== undefined) showPlan(context.terminal, imported, { scopes: true });
  if (folder === undefined) context.terminal.print(workflow);
  if (rewrite !== undefined) tellRewrite(context, undefined, rewrite);
  if (github === undefined)
    context.terminal.note("Without a token, the names are those that the clone's workflows use.");
  context.terminal.note("Nothing was changed. Run it again without --dry-run to begin.");
  return 0;
}

async function previewImport({ options }: Preview, folder: RunFolder) {
  const { secrets } = await openResults(folder);
  if (secrets.length === 0) return undefined;
  const { store, repository, replace } = options;
  const plan = await planGithubImport(store, secrets, { repository, stage: folder.state.stage, replace });
  return toPlanLines(store, plan.values);
}

/** By place: as GitHub lists them, else as the workflows of the clone name them. */
async function findNames(
  { options, github, folder }: Preview,
  environments: readonly string[],
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const base = formatScope({ kind: "base" });
  if (folder !== undefined && folder.state.secrets.length > 0) {
    const groups = Map.groupBy(folder.state.secrets, ({ scope }) => scope);
    return new Map([...groups].map(([scope, all]) => [scope, new Set(all.map(({ name }) => name.toUpperCase()))]));
  }
  if (github !== undefined) {
    const scopes = [base, ...environments.map((environment) => formatScope({ kind: "environment", environment }))];
    const found = new Map<string, Set<string>>();
    for (const scope of scopes) found.set(scope, new Set((await github.list(placeOf(scope))).map(({ name }) => name)));
    for (const { name } of await github.listOrganisation()) found.get(base)?.add(name);
    return found;
  }
  if (options.clone === undefined) return new Map();
  const files = await (await openClone(options.clone)).files(".github");
  const names = files.flatMap(({ text }) => findSecretReferences(text).flatMap(({ name }) => name ?? []));
  return new Map([[base, new Set(names.filter((name) => name !== "GITHUB_TOKEN"))]]);
}
