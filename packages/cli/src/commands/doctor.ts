import { checkDataDir } from "@sophia/core/config/check-data-dir";
import type { EnvironmentFacts, Mode } from "@sophia/core/config/service";
import { findPortOwner } from "@sophia/core/config/port-owner";
import { formatCommand } from "@sophia/core/config/command-line";
import { AppError, toAppError } from "@sophia/core/errors/app-error";
import { findLockHolder } from "@sophia/core/store/data-lock";
import { prepareDataDir } from "@sophia/core/store/sqlite-file";
import { computeModes } from "@sophia/vendors/registry";
import type { ServiceStatus } from "@sophia/vendors/registry";
import { serverList } from "../server-list.ts";
import type { Terminal } from "../terminal.ts";
import { checkSecrets } from "./check-secrets.ts";
import type { CommandContext } from "./command-context.ts";
import { findFacts, findProgram } from "./find-facts.ts";

export interface MachineReport {
  name: string;
  /** Only a `failed` one makes the exit code 1; the machine does without a `missing` one. */
  state: "ok" | "missing" | "failed";
  detail: string;
  fix: string;
}

const oldestNode = 24;
const modeColours = { live: "green", local: "green", simulated: "yellow", off: "red" } as const;
const marks = { ok: "✓", missing: "!", failed: "✗" } as const;

/** Every service with its mode, and what the machine lacks. Exit code 1 when something has to be mended before `up` works. */
export async function runDoctor(context: CommandContext, options: { json: boolean }): Promise<number> {
  const facts = await findFacts(context);
  const machine = [
    checkNode(),
    reportDataDir(context.config.platform.dataDir),
    ...(await Promise.all(serverList.map(({ id }) => checkPort(context, id)))),
    checkDocker(facts),
    checkGit(context),
    await checkSecrets(context),
  ];
  const { platform, services: config } = context.config;
  const services = computeModes({ config, facts, simulate: platform.simulate });
  const broken = machine.filter(({ state }) => state === "failed");
  for (const warning of context.config.warnings) context.terminal.note(`Note: ${warning}`);
  if (options.json) context.terminal.print(JSON.stringify({ ok: broken.length === 0, machine, services }));
  else printReport(context, machine, services);
  return broken.length === 0 ? 0 : 1;
}

function printReport(
  { terminal }: CommandContext,
  machine: readonly MachineReport[],
  services: readonly ServiceStatus[],
): void {
  const colours = { ok: "green", missing: "yellow", failed: "red" } as const;
  terminal.print("This machine");
  for (const { name, state, detail, fix } of machine) {
    terminal.print(
      `  ${terminal.style(colours[state], marks[state])} ${name}: ${detail}${fix === "" ? "" : `\n    ${fix}`}`,
    );
  }
  terminal.print("");
  printServices(
    terminal,
    "Services",
    services.filter(({ planned }) => !planned),
  );
  printServices(
    terminal,
    "Planned: no tool of this release reaches these, a key changes nothing yet",
    services.filter(({ planned }) => planned),
  );
  const count = (mode: Mode): number => services.filter((service) => service.mode === mode).length;
  terminal.print(
    `\n${services.length} services: ${count("live")} live, ${count("local")} local, ${count("simulated")} simulated, ${count("off")} off.`,
  );
}

function printServices(terminal: Terminal, heading: string, services: readonly ServiceStatus[]): void {
  terminal.print(heading);
  const width = Math.max(...services.map(({ title }) => title.length));
  for (const { title, mode, reason, fix, served, planned } of services) {
    const label = terminal.style(modeColours[mode], mode.padEnd("simulated".length));
    const isLater = !served && !planned && mode !== "off";
    const later = isLater ? terminal.style("dim", " (no tool of this release reaches it so yet)") : "";
    terminal.print(`  ${title.padEnd(width)}  ${label}  ${reason}${later}`);
    if (fix !== "") terminal.print(terminal.style("dim", `    ${fix}`));
  }
}

function checkNode(): MachineReport {
  const ok = Number.parseInt(process.versions.node, 10) >= oldestNode;
  const fix = ok ? "" : `Run ${formatCommand("doctor")}, which brings Node ${oldestNode}.`;
  return { name: "Node", state: ok ? "ok" : "failed", detail: process.version, fix };
}

function reportDataDir(dataDir: string): MachineReport {
  try {
    prepareDataDir(dataDir);
    checkDataDir(dataDir);
    return { name: "Data directory", state: "ok", detail: dataDir, fix: "" };
  } catch (thrown) {
    const { message, hint = "" } = toAppError(thrown);
    return { name: "Data directory", state: "failed", detail: message, fix: hint };
  }
}

async function checkPort({ config }: CommandContext, id: (typeof serverList)[number]["id"]): Promise<MachineReport> {
  const port = config.platform.ports[id];
  const name = `Port ${port} (${id})`;
  const owner = await findPortOwner(config.platform.host, port).catch(toAppError);
  if (owner instanceof AppError) return { name, state: "failed", detail: owner.message, fix: owner.hint ?? "" };
  if (!owner.taken) return { name, state: "ok", detail: "free", fix: "" };
  if (findLockHolder(config.platform.dataDir, id) !== undefined) {
    return { name, state: "ok", detail: `our own server (${owner.description})`, fix: "" };
  }
  const fix = `Stop that program, or choose another port with SOPHIA_PORT_${id.toUpperCase()}.`;
  return { name, state: "failed", detail: `taken by ${owner.description}`, fix };
}

function checkDocker(facts: EnvironmentFacts): MachineReport {
  if (facts.dockerAnswers) return { name: "Docker", state: "ok", detail: "the Engine answers", fix: "" };
  const fix = "Start the Docker Engine, or set DOCKER_HOST, to see and restart containers.";
  return { name: "Docker", state: "missing", detail: "no Engine answers", fix };
}

function checkGit({ environment, config }: CommandContext): MachineReport {
  const path = findProgram(config.local.SOPHIA_INFRA_GIT, environment);
  if (path !== undefined) return { name: "git", state: "ok", detail: path, fix: "" };
  const fix = "Install git to let the Copilot read local repositories, or name its path in SOPHIA_INFRA_GIT.";
  return { name: "git", state: "missing", detail: "not found", fix };
}
