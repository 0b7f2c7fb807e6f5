import { toAppError } from "@sophia/core/errors/app-error";
import { formatEnvironmentId } from "@sophia/core/secrets/backend/environment-id";
import { shortFingerprint } from "@sophia/core/secrets/backend/local/short-fingerprint";
import type { SecretBackend } from "@sophia/core/secrets/backend/secret-backend";
import type { EscEnvironment } from "@sophia/core/secrets/esc/evaluation";
import { compareLeaves, type LeafDifference, type LeafSide } from "@sophia/core/secrets/inspect/compare-leaves";
import { requireEnvironment } from "@sophia/core/secrets/inspect/require-environment";
import { type Leaf, listLeaves } from "@sophia/core/secrets/inspect/list-leaves";
import type { CommandContext } from "../commands/command-context.ts";
import { toPlainLine } from "../terminal.ts";
import { type EnvironmentName, formatEnvironmentName, parseRelativeName } from "./environment-name.ts";
import { formatString } from "./format/format-string.ts";
import { toPlainData } from "@sophia/core/secrets/esc/to-json";
import { openBackend, type OpenSecrets } from "./open-backend.ts";
import { openNamed } from "./open-environment.ts";
import { readRevision } from "./read-revision.ts";
import { recordSecretAct } from "./record-secret-act.ts";

export interface DiffOptions {
  base: string;
  /** Another environment, or `@revision` of the first; the newest revision of the first when left out. */
  other: string | undefined;
  /** Only what lies at this path or below. */
  path: string | undefined;
  /** Equal ones too. */
  all: boolean;
  showSecrets: boolean;
  json: boolean;
}

const marks = { added: "+", removed: "-", changed: "~", same: " ", "not known": "?" } as const;
const colours = { added: "green", removed: "red", changed: "yellow", same: "dim", "not known": "dim" } as const;

/** `secrets diff`: what differs between two revisions or environments, by path. Secrets are told apart, not shown. */
export async function runDiff(context: CommandContext, options: DiffOptions): Promise<number> {
  const { terminal } = context;
  const secrets = await openBackend(context);
  const { before, after } = nameSides(secrets, options);
  const compare = (): Promise<Compared> => compareSides(secrets, { before, after, path: options.path });
  const names = { base: formatEnvironmentName(before), other: formatEnvironmentName(after) };
  const { differences, values, notes } = options.showSecrets
    ? await recordSecretAct(context, { command: "diff", effect: "read", subject: names, run: compare })
    : await compare();
  const shown = differences.filter(({ change }) => options.all || change !== "same");
  for (const note of notes) terminal.note(note);
  if (options.json) {
    const rows = options.showSecrets ? shown.map((row) => ({ ...row, values: values(row.path) })) : shown;
    terminal.print(JSON.stringify({ ...names, differences: rows }));
    return 0;
  }
  for (const difference of shown) {
    const text = describe(difference, options.showSecrets ? values(difference.path) : undefined);
    terminal.print(terminal.style(colours[difference.change], `${marks[difference.change]} ${text}`));
  }
  const same = differences.length - differences.filter(({ change }) => change !== "same").length;
  terminal.note(shown.length === 0 ? `No difference; ${same} values are the same.` : `${same} values are the same.`);
  return 0;
}

function nameSides(
  { parseName, defaultProject }: OpenSecrets,
  { base, other }: DiffOptions,
): { before: EnvironmentName; after: EnvironmentName } {
  const before = parseName(base);
  if (other !== undefined) return { before, after: parseRelativeName(other, before, defaultProject) };
  return { before, after: { id: before.id, revision: undefined } };
}

interface Compared {
  differences: LeafDifference[];
  /** In the clear. */
  values(path: string): { before?: string; after?: string };
  notes: string[];
}

async function compareSides(
  { backend, keyring }: OpenSecrets,
  sides: { before: EnvironmentName; after: EnvironmentName; path: string | undefined },
): Promise<Compared> {
  const notes: string[] = [];
  const [before, after] = await Promise.all([
    readLeaves(backend, sides.before, notes),
    readLeaves(backend, sides.after, notes),
  ]);
  const isWanted = ({ path }: { path: string }): boolean => isBelow(path, sides.path);
  const fingerprint = (text: string): string => shortFingerprint(keyring, text);
  const find = (leaves: readonly Leaf[], path: string): string | undefined => {
    const leaf = leaves.find((each) => each.path === path);
    return leaf && formatString(toPlainData(leaf.value, { reveal: true }));
  };
  return {
    differences: compareLeaves(before, after, fingerprint).filter(isWanted),
    values(path) {
      const [old, next] = [find(before, path), find(after, path)];
      return { ...(old !== undefined && { before: old }), ...(next !== undefined && { after: next }) };
    },
    notes,
  };
}

function isBelow(path: string, wanted: string | undefined): boolean {
  if (wanted === undefined || wanted === "") return true;
  return path === wanted || path.startsWith(`${wanted}.`) || path.startsWith(`${wanted}[`);
}

/** Opened; where that is not possible, checked: then what only opening tells is not known. */
async function readLeaves(backend: SecretBackend, name: EnvironmentName, notes: string[]): Promise<Leaf[]> {
  const leavesOf = (environment: EscEnvironment): Leaf[] => listLeaves(environment, { intoLists: true });
  try {
    return leavesOf(requireEnvironment(name.id, await openNamed(backend, name)));
  } catch (thrown) {
    const error = toAppError(thrown);
    if (error.kind === "not_found") throw thrown;
    const { checked } = await readRevision(backend, name, { decrypt: false });
    if (checked.environment === undefined) throw thrown;
    notes.push(
      `${formatEnvironmentId(name.id)} could not be opened, so its secrets are not compared: ${error.message}`,
    );
    return leavesOf(checked.environment);
  }
}

function describe(
  { path, change, before, after }: LeafDifference,
  values: { before?: string; after?: string } | undefined,
): string {
  const old = before && show(before, values?.before);
  const next = after && show(after, values?.after);
  if (change === "not known") return `${path}: secret, not known whether it differs`;
  if (change === "same" || old === undefined || next === undefined) return `${path}: ${old ?? next ?? ""}`;
  return `${path}: ${old} → ${next}`;
}

function show({ type, secret, text, fingerprint }: LeafSide, value: string | undefined): string {
  if (value !== undefined) return toPlainLine(value);
  if (text !== undefined) return toPlainLine(text);
  const mark = fingerprint === undefined ? "" : ` ${fingerprint}`;
  return secret ? `[secret${mark}]` : `[${type}${mark}]`;
}
