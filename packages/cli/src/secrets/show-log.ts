import { formatEnvironmentId } from "@sophia/core/secrets/backend/environment-id";
import type { RevisionSummary, SecretBackend } from "@sophia/core/secrets/backend/secret-backend";
import type { CommandContext } from "../commands/command-context.ts";
import { toPlainLine } from "../terminal.ts";
import type { EnvironmentName } from "./environment-name.ts";
import { explainMissing, openBackend } from "./open-backend.ts";

export interface LogOptions {
  /** With a revision the log begins there. */
  environment: string;
  limit: number;
  /** Only older ones. */
  before: number | undefined;
  json: boolean;
}

/** `secrets log`: who changed an environment, when and with which words; newest first. */
export async function runLog(context: CommandContext, options: LogOptions): Promise<number> {
  const { terminal } = context;
  const { backend, parseName } = await openBackend(context);
  const name = parseName(options.environment);
  const before = options.before ?? (await findStart(backend, name));
  const revisions = await explainMissing(backend.revisions(name.id, { limit: options.limit + 1, before }));
  const page = revisions.slice(0, options.limit);
  const oldest = page.at(-1)?.revision;
  const next = revisions.length > page.length ? oldest : undefined;
  if (options.json) {
    terminal.print(
      JSON.stringify({ environment: formatEnvironmentId(name.id), revisions: page, ...(next && { before: next }) }),
    );
    return 0;
  }
  for (const revision of page) terminal.print(`${describe(revision, terminal)}\n`);
  if (next !== undefined) terminal.note(`There are older ones: --before ${next}`);
  return 0;
}

async function findStart(backend: SecretBackend, { id, revision }: EnvironmentName): Promise<number | undefined> {
  if (typeof revision === "number") return revision + 1;
  if (revision === undefined) return undefined;
  return (await backend.read(id, { revision })).revision + 1;
}

function describe(
  { revision, tags, author, createdAt, message, retracted }: RevisionSummary,
  terminal: CommandContext["terminal"],
): string {
  const names = tags.length === 0 ? "" : ` (${tags.join(", ")})`;
  const heading = terminal.style("yellow", `revision ${revision}${names}${retracted ? " retracted" : ""}`);
  const words = toPlainLine(message);
  return [
    heading,
    `Author: ${toPlainLine(author)}`,
    `Date:   ${new Date(createdAt).toISOString()}`,
    ...(words === "" ? [] : [`\n    ${words}`]),
  ].join("\n");
}
