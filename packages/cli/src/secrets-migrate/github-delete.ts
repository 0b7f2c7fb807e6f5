import { hashCanonical } from "@sophia/core/approval/canonical-hash";
import type { Caller } from "@sophia/core/approval/caller";
import type { ChangePlan } from "@sophia/core/approval/change-plan";
import { ensurePlanKey } from "@sophia/core/approval/plan-key";
import { createPlans } from "@sophia/core/approval/plans";
import type { Plans } from "@sophia/core/approval/plans";
import { formatCommand } from "@sophia/core/config/command-line";
import { AppError } from "@sophia/core/errors/app-error";
import { systemClock } from "@sophia/core/limits/clock";
import type { GithubSecrets } from "@sophia/vendors/github/secrets-api";
import type { CommandContext } from "../commands/command-context.ts";
import { recordSecretAct } from "../secrets/record-secret-act.ts";
import { withStore } from "../with-store.ts";
import { describeScope, parseScope } from "./export-scope.ts";
import type { RunFolder } from "./run-folder.ts";
import type { DeletionItem } from "./run-state.ts";

/** What may be deleted, and why the rest may not. */
interface DeletionCandidates {
  items: readonly DeletionItem[];
  kept: readonly { scope: string; name: string; reason: string }[];
}

const tool = "delete_github_secrets";
/** GitHub's times are whole seconds. */
const precisionMs = 1_000;

/** Verified secrets that no workflow reads any more and nobody has set since the export, as GitHub lists them now. */
async function findDeletable(
  folder: RunFolder,
  github: GithubSecrets,
  used: ReadonlySet<string>,
): Promise<DeletionCandidates> {
  const { secrets, github: known } = folder.state;
  const exportedAfter = known?.exportedAfter ?? folder.state.createdAt;
  const items: DeletionItem[] = [];
  const kept: { scope: string; name: string; reason: string }[] = [];
  const listed = new Map<string, Map<string, string>>();
  for (const scope of new Set(secrets.map((secret) => secret.scope))) {
    const entries = await github.list(placeOf(scope));
    listed.set(scope, new Map(entries.map(({ name, updatedAt }) => [name, updatedAt])));
  }
  for (const { scope, name, verified } of secrets) {
    const updatedAt = listed.get(scope)?.get(name);
    const reason = whyKept({ updatedAt, verified, used: used.has(name) || used.has("*"), exportedAfter });
    if (reason === undefined && updatedAt !== undefined) items.push({ scope, name, updatedAt, state: "planned" });
    else kept.push({ scope, name, reason: reason ?? "it is not on GitHub" });
  }
  return { items, kept };
}

interface DeletionCall {
  github: GithubSecrets;
  /** Names that a workflow still reads; `*` where it may be any. */
  used: ReadonlySet<string>;
  json: boolean;
}

/** Proposes the deletion, or carries it out when the proposal was approved. Each deleted secret is looked for afterwards. */
export async function deleteFromGithub(
  context: CommandContext,
  folder: RunFolder,
  call: DeletionCall,
): Promise<number> {
  const { github, json } = call;
  return await withPlans(context, async (plans) => {
    const unfinished = await findUnfinished(folder, plans);
    const candidates = unfinished === undefined ? await findDeletable(folder, github, call.used) : undefined;
    const planId = unfinished ?? (await propose(folder, plans, candidates?.items ?? []));
    const row = planId === undefined ? undefined : await plans.get(planId);
    const isApproved = row !== undefined && row.state !== "proposed";
    if (row !== undefined && isApproved) await carryOut(context, folder, { github, plans, planId: row.id });
    const kept = candidates?.kept ?? [];
    if (json)
      context.terminal.print(
        JSON.stringify({ run: folder.state.id, planId, deletion: folder.state.deletion?.items ?? [], kept }),
      );
    else tellOutcome(context, folder, { planId, kept, isDone: isApproved });
    return planId === undefined && kept.length > 0 ? 1 : 0;
  });
}

/** The id of the proposal that waits, or of the approved one that was begun now; undefined when there is nothing to delete. */
async function propose(folder: RunFolder, plans: Plans, items: readonly DeletionItem[]): Promise<string | undefined> {
  if (items.length === 0) return undefined;
  const current = { arguments: toArguments(folder), plan: toPlan(folder, items) };
  const known = folder.state.deletion;
  const row = known === undefined ? undefined : await plans.get(known.planId);
  if (row?.state === "approved" && known !== undefined) {
    await plans.begin(row.id, callerOf(folder), current);
    await folder.save({ phase: "deleting", deletion: { ...known, begun: true } });
    return row.id;
  }
  if (row?.state === "proposed" && row.state_version === current.plan.stateVersion) return row.id;
  if (row?.state === "proposed") await plans.refuse(row.id, callerOf(folder), "superseded");
  const proposed = await plans.propose({ server: "infra", tool, caller: callerOf(folder), ...current });
  await folder.save({ deletion: { planId: proposed.id, begun: false, items: [...items] } });
  return proposed.id;
}

/** Takes a proposal back that nobody has carried out. */
export async function withdrawDeletion(context: CommandContext, folder: RunFolder): Promise<void> {
  const { deletion } = folder.state;
  if (deletion === undefined || deletion.begun) return;
  await withPlans(context, async (plans) => {
    const row = await plans.get(deletion.planId);
    if (row?.state === "proposed" || row?.state === "approved") await plans.refuse(row.id, callerOf(folder), "undone");
  });
}

export function placeOf(scope: string): { environment: string | undefined } {
  const parsed = parseScope(scope);
  return { environment: parsed.kind === "environment" ? parsed.environment : undefined };
}

async function withPlans<T>(context: CommandContext, work: (plans: Plans) => Promise<T>): Promise<T> {
  const { config, log } = context;
  return await withStore(config, log, async (store) =>
    work(createPlans({ store, clock: systemClock, key: ensurePlanKey(config.platform.dataDir) })),
  );
}

/** A deletion that a crash interrupted goes on under its approval: it covers exactly these secrets. */
async function findUnfinished(folder: RunFolder, plans: Plans): Promise<string | undefined> {
  const { deletion } = folder.state;
  if (deletion?.begun !== true || deletion.items.every(({ state }) => state !== "planned" && state !== "deleting"))
    return undefined;
  const row = await plans.get(deletion.planId);
  return row?.state === "applying" || row?.state === "unknown" ? row.id : undefined;
}

async function carryOut(
  context: CommandContext,
  folder: RunFolder,
  { github, plans, planId }: { github: GithubSecrets; plans: Plans; planId: string },
): Promise<void> {
  const names = (folder.state.deletion?.items ?? []).map(({ scope, name }) => `${scope} ${name}`);
  try {
    await recordSecretAct(context, {
      command: "migrate.delete",
      effect: "destroy",
      subject: { repository: folder.state.source, planId, names },
      async run() {
        for (const item of folder.state.deletion?.items ?? []) await deleteOne(folder, github, item);
      },
      describe: () => "deleted",
    });
  } catch (thrown) {
    // Still "applying": the same command goes on where this one stopped.
    context.terminal.note("Some secrets are not deleted yet. Run the same command again to go on.");
    throw thrown;
  }
  await plans.finish(planId, "applied", `${names.length} secrets deleted`);
  await folder.save({ phase: "deleted" });
}

async function deleteOne(folder: RunFolder, github: GithubSecrets, item: DeletionItem): Promise<void> {
  if (item.state === "deleted" || item.state === "written back") return;
  const place = placeOf(item.scope);
  const found = await github.find(place, item.name);
  if (found !== undefined) {
    if (found.updatedAt !== item.updatedAt) {
      throw new AppError("denied", `${item.name} was set anew since its deletion was approved.`, {
        hint: "Start a new migration for it.",
      });
    }
    await mark(folder, item, "deleting");
    await github.delete(place, item.name);
    if ((await github.find(place, item.name)) !== undefined) {
      throw new AppError("upstream", `GitHub still lists ${item.name} after its deletion.`, {
        hint: "Run it again.",
        service: "github",
      });
    }
  }
  await mark(folder, item, "deleted");
}

export async function mark(folder: RunFolder, item: DeletionItem, state: DeletionItem["state"]): Promise<void> {
  const { deletion } = folder.state;
  if (deletion === undefined) return;
  const isSame = (each: DeletionItem): boolean => each.scope === item.scope && each.name === item.name;
  await folder.save({
    deletion: { ...deletion, items: deletion.items.map((each) => (isSame(each) ? { ...each, state } : each)) },
  });
}

function whyKept(secret: {
  updatedAt: string | undefined;
  verified: boolean;
  used: boolean;
  exportedAfter: number;
}): string | undefined {
  if (secret.updatedAt === undefined)
    return "it belongs to the organisation, which other repositories use as well, or is gone";
  if (!secret.verified) return "its value in ESC is not verified";
  if (secret.used) return "a workflow on the clone's present commit still reads it from GitHub";
  if (Date.parse(secret.updatedAt) + precisionMs > secret.exportedAfter) return "it was set again after the export";
  return undefined;
}

function toArguments(folder: RunFolder): { run: string; repository: string } {
  return { run: folder.state.id, repository: folder.state.source };
}

function toPlan({ state }: RunFolder, items: readonly DeletionItem[]): ChangePlan {
  return {
    summary: `Delete ${items.length} migrated secrets of ${state.source} from GitHub`,
    changes: items.map(({ scope, name, updatedAt }) => ({
      action: "delete" as const,
      resource: `GitHub secret ${name} (${describeScope(scope)})`,
      before: `set ${updatedAt}`,
    })),
    blastRadius:
      "Workflows on other branches, and tools outside the workflows, that still read these secrets from GitHub",
    risk: "high",
    costPerHourUsd: 0,
    stateVersion: hashCanonical(items.map(({ scope, name, updatedAt }) => [scope, name, updatedAt])),
  };
}

function callerOf({ state }: RunFolder): Caller {
  return { id: `cli:migration:${state.id}`, name: "sophia secrets migrate", scopes: ["read", "write"] };
}

function tellOutcome(
  { terminal }: CommandContext,
  { state }: RunFolder,
  outcome: { planId: string | undefined; kept: DeletionCandidates["kept"]; isDone: boolean },
): void {
  for (const { scope, name, reason } of outcome.kept)
    terminal.note(`${name} (${describeScope(scope)}) stays: ${reason}.`);
  const items = state.deletion?.items ?? [];
  if (outcome.isDone) {
    terminal.print(`${items.length} secrets are deleted from GitHub; each was looked for afterwards.`);
    terminal.note(`To give them back: ${formatCommand(`secrets migrate --undo ${state.id}`)}`);
  } else if (outcome.planId === undefined) {
    terminal.print("Nothing can be deleted from GitHub now.");
  } else {
    for (const { scope, name } of items) terminal.print(`delete ${name} (${describeScope(scope)})`);
    terminal.note(`An approver decides within ten minutes: ${formatCommand(`approve ${outcome.planId}`)}`);
    terminal.note(`Then the same again: ${formatCommand(`secrets migrate github ${state.source} --delete`)}`);
  }
}
