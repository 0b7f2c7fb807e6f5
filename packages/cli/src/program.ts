import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { ConfigError } from "@sophia/core/config/parse-config";
import type { Environment } from "@sophia/core/config/parse-config";
import { packageVersion } from "@sophia/core/mcp/version";
import { createLogger } from "@sophia/core/observe/log";
import type { CommandContext } from "./commands/command-context.ts";
import { addKeyPolicyOptions, type KeyPolicyOptions, readKeyPolicy } from "./commands/key-policy-options.ts";
import type { CliConfig } from "./load-config.ts";
import { loadConfig } from "./load-config.ts";
import { addSecrets } from "./program-secrets.ts";
import { reportError } from "./report-error.ts";
import { readStoredEnvironment } from "./stored-environment.ts";
import { createTerminal } from "./terminal.ts";
import type { Streams, Terminal } from "./terminal.ts";

export interface CliInput {
  arguments: readonly string[];
  environment: Environment;
  streams: Streams;
}

type Run = (context: CommandContext) => Promise<number>;

interface Chosen {
  run: Run;
  /** The command mends the store of secrets: what is wrong in there must not keep it from running. */
  withoutStore?: boolean;
  /** The command takes values out of the store again: those that no configuration takes are left out and told. */
  despiteStore?: boolean;
}

/** Runs one command. Resolves with the exit code; every failure is one message on stderr. */
export async function runCli(input: CliInput): Promise<number> {
  const terminal = createTerminal(input.streams, input.environment);
  let scrub = (text: string): string => text;
  let chosen: Chosen | undefined;
  let dataDir: string | undefined;
  try {
    const program = describeProgram((run, options = {}) => (chosen = { run, ...options }), input);
    await program.parseAsync([...input.arguments], { from: "user" });
    if (chosen === undefined) return 0;
    const config = await loadFor(chosen, input, terminal);
    ({ dataDir } = config.platform);
    scrub = (text) => config.scrubber.scrub(text);
    const log = createLogger({ scrubber: config.scrubber, level: config.platform.logLevel, server: "cli" });
    return await chosen.run({ environment: input.environment, config, terminal, log });
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode;
    const { message, exitCode } = reportError(thrown, { scrub, dataDir });
    terminal.note(message);
    return exitCode;
  }
}

async function loadFor(chosen: Chosen, input: CliInput, terminal: Terminal): Promise<CliConfig> {
  const { environment, ...report } = chosen.withoutStore
    ? noStore(input)
    : await readStoredEnvironment(input.environment);
  try {
    return loadConfig(environment, report);
  } catch (thrown) {
    if (!chosen.despiteStore || report.stored.length === 0 || !(thrown instanceof ConfigError)) throw thrown;
    const config = loadConfig(input.environment);
    terminal.note(`Without the values of the store. ${config.scrubber.scrub(thrown.message)}`);
    return config;
  }
}

/** The commands. An action only says what to run: help and usage errors need no configuration. */
function describeProgram(choose: (run: Run, options?: Omit<Chosen, "run">) => void, input: CliInput): Command {
  const program = new Command("sophia")
    .description("Four MCP servers on one core: AI spend, web data, infrastructure and business intelligence.")
    .version(packageVersion, "--version", "print the version")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void input.streams.stdout.write(text),
      writeErr: (text) => void input.streams.stderr.write(text),
    })
    .showSuggestionAfterError()
    .showHelpAfterError("Add --help to see the commands and options.")
    .helpCommand(false)
    .enablePositionalOptions();
  addRunning(program, choose);
  addTokens(program, choose);
  addPlans(program, choose);
  addSecrets(program, {
    choose,
    mend: (run) => choose(run, { withoutStore: true }),
    undo: (run) => choose(run, { despiteStore: true }),
  });
  return program;
}

function noStore({ environment }: CliInput): Awaited<ReturnType<typeof readStoredEnvironment>> {
  return { environment, stored: [], warnings: [] };
}

function addRunning(program: Command, choose: (run: Run) => void): void {
  program
    .command("up")
    .description("start the servers and keep them alive")
    .option("--only <servers>", "ids separated by commas: ai, data, infra, bi", parseList)
    .option("--json", "print one JSON object when they are ready")
    .action((options: { only?: string[]; json?: boolean }) =>
      choose(async (context) => {
        const { runUp } = await import("./commands/up.ts");
        return await runUp(context, { only: options.only ?? [], json: options.json === true });
      }),
    );
  program
    .command("stdio <server>")
    .description("serve one MCP client over stdin and stdout; passes on to a running `up`")
    .action((server: string) =>
      choose(async (context) => (await import("./commands/stdio.ts")).runStdio(context, server)),
    );
  program
    .command("status")
    .description("ask the running servers how they are")
    .option("--json", "print JSON")
    .action((options: { json?: boolean }) =>
      choose(async (context) =>
        (await import("./commands/status.ts")).runStatus(context, { json: options.json === true }),
      ),
    );
  program
    .command("doctor")
    .description("every service with its mode, and what this machine lacks")
    .option("--json", "print JSON")
    .action((options: { json?: boolean }) =>
      choose(async (context) =>
        (await import("./commands/doctor.ts")).runDoctor(context, { json: options.json === true }),
      ),
    );
  program
    .command("connect")
    .description("connect a client")
    .command("cursor")
    .description("write the servers and a token into Cursor's user configuration, and make a test call")
    .option("--file <path>", "another file than ~/.cursor/mcp.json")
    .action((options: { file?: string }) =>
      choose(async (context) => {
        const { runConnectCursor } = await import("./commands/connect-cursor.ts");
        return await runConnectCursor(context, { file: options.file });
      }),
    );
  program
    .command("audit")
    .description("the record of every call")
    .command("verify")
    .description("check that nothing was changed or removed")
    .option("--json", "print JSON")
    .action((options: { json?: boolean }) =>
      choose(async (context) =>
        (await import("./commands/audit.ts")).runAuditVerify(context, { json: options.json === true }),
      ),
    );
}

function addTokens(program: Command, choose: (run: Run) => void): void {
  const token = program.command("token").description("who may call the servers");
  addTokenCreate(token, choose);
  token
    .command("list")
    .description("all tokens, without their values")
    .option("--json", "print JSON")
    .action((options: { json?: boolean }) =>
      choose(async (context) =>
        (await import("./commands/token.ts")).runTokenList(context, { json: options.json === true }),
      ),
    );
  token
    .command("revoke <name>")
    .description("refuse a token from now on, by name or id")
    .action((name: string) =>
      choose(async (context) => (await import("./commands/token.ts")).runTokenRevoke(context, name)),
    );
}

function addTokenCreate(token: Command, choose: (run: Run) => void): void {
  const create = token
    .command("create")
    .description("make a token and print it, once")
    .requiredOption("--name <name>", "what it is for")
    .addOption(new Option("--server <id>", "ai, data, infra or bi").default("*", "all"))
    .addOption(
      new Option("--scope <scopes>", "read, write, approve, separated by commas")
        .argParser(parseList)
        .default(["read"], "read"),
    )
    .option("--days <number>", "days until it expires; never when left out", parseDays)
    .addOption(tokenFileOption())
    .option("--json", "print JSON");
  addKeyPolicyOptions(create).action(
    (
      options: KeyPolicyOptions & {
        name: string;
        server: string;
        scope: string[];
        days?: number;
        tokenFile?: string;
        json?: boolean;
      },
    ) =>
      choose(async (context) => {
        const { runTokenCreate } = await import("./commands/token.ts");
        const { name, server, scope: scopes, days, tokenFile } = options;
        const policy = readKeyPolicy(options, server);
        return await runTokenCreate(context, {
          name,
          server,
          scopes,
          days,
          tokenFile,
          policy,
          json: options.json === true,
        });
      }),
  );
}

function addPlans(program: Command, choose: (run: Run) => void): void {
  program
    .command("plans")
    .description("changes that wait for a decision")
    .option("--all", "decided ones too")
    .option("--json", "print JSON")
    .action((options: { all?: boolean; json?: boolean }) =>
      choose(async (context) => {
        const { runPlans } = await import("./commands/plans.ts");
        return await runPlans(context, { all: options.all === true, json: options.json === true });
      }),
    );
  for (const decision of ["approve", "refuse"] as const) {
    const command = program
      .command(`${decision} <id>`)
      .description(decision === "approve" ? "let a planned change happen" : "forbid a planned change")
      .addOption(tokenFileOption())
      .option("--json", "print JSON");
    if (decision === "refuse") command.option("--reason <text>", "why, for the record");
    command.action((id: string, options: { tokenFile?: string; reason?: string; json?: boolean }) =>
      choose(async (context) => {
        const { runDecide } = await import("./commands/plans.ts");
        const { tokenFile, reason } = options;
        return await runDecide(context, { id, decision, tokenFile, reason, json: options.json === true });
      }),
    );
  }
}

function tokenFileOption(): Option {
  return new Option(
    "--token-file <path>",
    "file with the approver's token, instead of SOPHIA_APPROVER_TOKEN or a question",
  );
}

function parseList(text: string): string[] {
  return text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

function parseDays(text: string): number {
  const days = Number(text);
  if (!(days > 0 && days <= 3_650)) throw new InvalidArgumentError("It must be a number of days from 1 to 3650.");
  return days;
}
