import { AppError } from "@sophia/core/errors/app-error";
import { formatEnvironmentId } from "@sophia/core/secrets/backend/environment-id";
import { parsePropertyPath } from "@sophia/core/secrets/esc/property-path";
import type { PropertyPath } from "@sophia/core/secrets/esc/property-path";
import type { EscValue } from "@sophia/core/secrets/esc/value";
import { requireEnvironment } from "@sophia/core/secrets/inspect/require-environment";
import { isMap, isNode, parseDocument, stringify } from "yaml";
import type { CommandContext } from "../commands/command-context.ts";
import type { EnvironmentName } from "./environment-name.ts";
import { requireValue, toRootValue } from "./find-value.ts";
import { formatJson } from "./format/format-json.ts";
import { toPlainData } from "@sophia/core/secrets/esc/to-json";
import { parseFormat, renderEnvironment } from "./format/render-environment.ts";
import { openBackend, type OpenSecrets } from "./open-backend.ts";
import { type CheckedRevision, readRevision } from "./read-revision.ts";
import { recordSecretAct } from "./record-secret-act.ts";

export interface GetOptions {
  environment: string;
  path: string | undefined;
  /** Only the value, in this format. */
  value: string | undefined;
  /** Only the text. */
  definition: boolean;
  showSecrets: boolean;
  json: boolean;
}

/** `secrets get`: a value with its definition and where that stands. Nothing is opened; secrets are shown when asked for. */
export async function runGet(context: CommandContext, options: GetOptions): Promise<number> {
  const format = options.value === undefined ? undefined : parseFormat(options.value, options.path);
  if (options.definition && format !== undefined) {
    throw new AppError("invalid_input", "--definition and --value exclude each other.", {
      hint: "Leave one of them out.",
    });
  }
  const secrets = await openBackend(context);
  const name = secrets.parseName(options.environment);
  const path = parsePropertyPath(options.path ?? "");
  const read = (): Promise<CheckedRevision> => readRevision(secrets.backend, name, { decrypt: options.showSecrets });
  const subject = { environment: formatEnvironmentId(name.id), revision: name.revision, path: options.path };
  const found = options.showSecrets
    ? await recordSecretAct(context, { command: "get", effect: "read", subject, run: read })
    : await read();
  if (format !== undefined) {
    const environment = requireEnvironment(name.id, found.checked);
    context.terminal.print(renderEnvironment(environment, { format, path, reveal: options.showSecrets }));
    return 0;
  }
  return printAll(context, { secrets, name, path, options, found });
}

interface Printed {
  secrets: OpenSecrets;
  name: EnvironmentName;
  path: PropertyPath;
  options: GetOptions;
  found: CheckedRevision;
}

function printAll({ terminal }: CommandContext, { name, path, options, found }: Printed): number {
  const definition = extractDefinition(found.yaml, path);
  if (options.definition) {
    terminal.print((definition ?? "").trimEnd());
    return 0;
  }
  const isImport = path[0] === "imports";
  const environment = isImport ? undefined : requireEnvironment(name.id, found.checked);
  const value = environment && (path.length === 0 ? toRootValue(environment) : requireValue(environment, path));
  const shown = value && formatJson(toPlainData(value, { reveal: options.showSecrets }));
  const definedAt = value === undefined ? [] : listDefinitions(value, formatEnvironmentId(name.id));
  if (options.json) {
    const { revision } = found;
    const json = {
      environment: formatEnvironmentId(name.id),
      revision,
      path: options.path ?? "",
      definition,
      definedAt,
    };
    const text = JSON.stringify(json);
    terminal.print(shown === undefined ? text : `${text.slice(0, -1)},"value":${JSON.stringify(JSON.parse(shown))}}`);
    return 0;
  }
  if (shown !== undefined) terminal.print(`# Value\n\`\`\`json\n${shown}\n\`\`\``);
  if (definition !== undefined) terminal.print(`# Definition\n\`\`\`yaml\n${definition.trimEnd()}\n\`\`\``);
  if (definedAt.length > 0) terminal.print(`\n# Defined at\n${definedAt.map((place) => `- ${place}`).join("\n")}`);
  return 0;
}

/** The text behind a path, with its comments; undefined when the value comes from an import alone. */
function extractDefinition(yaml: string, path: PropertyPath): string | undefined {
  if (path.length === 0) return yaml;
  const document = parseDocument(yaml, { logLevel: "silent" });
  if (!isMap(document.contents)) return undefined;
  const node: unknown = document.getIn(path[0] === "imports" ? path : ["values", ...path], true);
  if (!isNode(node)) return undefined;
  try {
    return stringify(node, { lineWidth: 0 });
  } catch {
    // An alias of something outside the part.
    return undefined;
  }
}

function listDefinitions(value: EscValue, environment: string): string[] {
  const places: string[] = [];
  for (let each: EscValue | undefined = value; each !== undefined; each = each.trace.base) {
    const { environment: name, begin } = each.trace.def;
    if (begin.line > 0)
      places.push(`${name === undefined || name === "<yaml>" ? environment : name}:${begin.line}:${begin.column}`);
  }
  return places;
}
