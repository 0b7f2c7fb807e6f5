import { join } from "node:path";
import { callerTokenFile } from "@sophia/core/approval/tokens";
import { formatCommand, formatConnectCommand } from "@sophia/core/config/command-line";
import type { ServiceStatus } from "@sophia/vendors/registry";
import { formatTable } from "../format-table.ts";
import type { CliConfig } from "../load-config.ts";
import { chooseFirstQuestion } from "../server-list.ts";
import type { ServerEntry } from "../server-list.ts";
import type { ServerStatus } from "../supervisor/server-process.ts";
import type { Terminal } from "../terminal.ts";
import { toPlainLine } from "../terminal.ts";
import { describeModes } from "./describe-modes.ts";
import type { FirstTokens } from "./first-tokens.ts";

export interface UpView {
  change(status: ServerStatus): void;
  /** At once: they cannot be shown again, and the start may still fail. */
  tokens(tokens: FirstTokens): void;
  ready(statuses: readonly ServerStatus[], found: Found): void;
  fail(statuses: readonly ServerStatus[]): void;
  stopping(reason: string): void;
}

export interface Found {
  services: readonly ServiceStatus[];
  logFolder: string | undefined;
}

export interface UpViewOptions {
  terminal: Terminal;
  servers: readonly ServerEntry[];
  config: CliConfig;
  json: boolean;
}

/** What `up` shows: one live line while starting on a terminal, plain lines elsewhere, then a table and what to try. */
export function createUpView(options: UpViewOptions): UpView {
  const { terminal, config, json } = options;
  const states = new Map<string, string>();
  let started = false;
  let ending = false;

  return {
    change(status) {
      if (states.get(status.id) === status.state) return;
      // That all of them finish their calls was said once; each says when it is done.
      if (ending && status.state === "draining") return;
      states.set(status.id, status.state);
      if (terminal.interactive && !started)
        terminal.live([...states].map(([id, state]) => `${id} ${state}`).join(" · "));
      // The moments that matter: on a terminal only trouble after the start, elsewhere every change.
      else if (!json) terminal.note(describeChange(terminal, status));
    },
    tokens({ callerBearer, approverBearer }) {
      // With --json stdout is one object; who calls it that way finds the caller's token in the data directory.
      const say = (text: string): void => (json ? terminal.note(text) : terminal.print(text));
      const tokenFile = join(config.platform.dataDir, callerTokenFile);
      // Without a terminal the output ends in logs, where no credential belongs.
      if (callerBearer !== undefined && terminal.interactive) {
        say(`Token for MCP clients: ${callerBearer} (kept in ${tokenFile})`);
      } else if (callerBearer !== undefined && !json) {
        say(`Token for MCP clients: in ${tokenFile}`);
      }
      if (approverBearer !== undefined) {
        say(`Token for approving changes (shown once, keep it away from agents): ${approverBearer}`);
      }
    },
    ready(statuses, found) {
      started = true;
      if (json) terminal.print(JSON.stringify({ servers: statuses.map(toJson) }));
      else printReady(options, statuses, found);
    },
    fail(statuses) {
      terminal.live("");
      for (const status of statuses) if (status.state !== "ready") terminal.note(describeFailure(status));
      terminal.note("Nothing was left running.");
    },
    stopping(reason) {
      started = true;
      ending = true;
      terminal.live("");
      terminal.note(`Stopping (${reason}): calls in progress may finish. Once more stops at once.`);
    },
  };
}

function toJson({ id, title, state, pid, url, reason }: ServerStatus): Record<string, unknown> {
  return { id, title, state, pid, url: url === undefined ? undefined : `${url}/mcp`, reason };
}

function describeChange(terminal: Terminal, status: ServerStatus): string {
  const mark = status.state === "ready" ? terminal.style("green", "ready") : terminal.style("yellow", status.state);
  const end = status.state === "restarting" ? `it ${status.reason ?? "ended"}` : status.reason;
  const reason = status.state === "restarting" || status.lastLines.length > 0 ? `: ${end}` : "";
  return `${status.title}: ${mark}${reason}${status.state === "ready" ? ` at ${status.url ?? ""}/mcp` : ""}`;
}

function describeFailure(status: ServerStatus): string {
  const lines = status.lastLines.map((line) => `  ${toPlainLine(line)}`);
  return [`${status.title}: ${status.state}${status.reason === undefined ? "" : ` (${status.reason})`}`, ...lines].join(
    "\n",
  );
}

function printReady(
  { terminal, servers, config }: UpViewOptions,
  statuses: readonly ServerStatus[],
  { services, logFolder }: Found,
): void {
  const rows = statuses.map(({ id, title, state, url }) => [
    title,
    state === "ready" && url !== undefined ? `${url}/mcp` : state,
    describeModes(id, services, config.local),
  ]);
  terminal.print(formatTable(["SERVER", "URL", "MODES"], rows, terminal.columns));
  terminal.print("");
  for (const status of statuses) if (status.state !== "ready") terminal.print(describeFailure(status));
  const { length } = config.storedSettings;
  const settings = length === 1 ? "1 setting comes" : `${length} settings come`;
  if (length > 0) terminal.print(`Secrets: ${settings} from the environments of ${config.platform.stage}`);
  const rule = config.platform.simulate ? "Simulated is what has no account and no local way" : "Nothing is simulated";
  terminal.print(`${rule}; all services: ${formatCommand("doctor")}`);
  if (logFolder !== undefined) terminal.print(`Logs: ${logFolder}`);
  terminal.print(`Next: ${formatConnectCommand()}, then ask Cursor: "${chooseFirstQuestion(servers)}"`);
}
