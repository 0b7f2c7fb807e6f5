// Runs before Cursor calls an MCP tool (https://cursor.com/docs/hooks). Plain Node 20, nothing to install.
// Notes every call, asks a person before a plan of Sophia's is carried out, and denies other servers what destroys.
import { createHash } from "node:crypto";
import { appendFileSync, mkdirSync, readFileSync, renameSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";

const maxInputLength = 4 * 1024 * 1024;
const maxLogBytes = 10 * 1024 * 1024;

/** Tools of ours that carry out a change. Everything else reads, or only makes a plan. */
const changing = new Set(["apply_change"]);
/** Names of tools that destroy or release something, ours and other people's. */
const destructive =
  /(?:^|_)(?:delete|destroy|drop|remove|truncate|purge|prune|wipe|erase|terminate|revoke|force_push|reset_hard)(?:_|$)/;
/** Our tool that runs another one: what counts is the one inside. */
const wrapper = "run_tool";
const maxDepth = 8;

/** Where Cursor finds servers: this folder's file, and the user's, which `connect cursor` writes. */
const configurations = [new URL("../mcp.json", import.meta.url), join(homedir(), ".cursor", "mcp.json")];
const ourKey = /^sophia-(?:ai|data|infra|bi)$/;
const ourCommand = /packages[\\/]cli[\\/]bootstrap\.mjs stdio (?:ai|data|infra|bi)$/;
/** Names of other servers' destructive tools, which a person is asked about instead. */
const allowedFile = ".cursor/hooks/allowed-tools.json";

/** The decision for one call. `deny` cannot be overruled in Cursor, `ask` puts a person in front. */
function decide({ tool, input, isOurs }) {
  if (changing.has(tool)) {
    const planId = typeof input?.planId === "string" ? input.planId : "";
    if (planId === "") return refuse("apply_change needs the planId of a plan. Make the plan first.");
    return {
      permission: "ask",
      user_message: `Sophia is about to carry out plan ${printable(planId)}. Look at it with: npm run sophia -- plans --all`,
      agent_message:
        "A person confirms this change in Cursor. If the plan is not low risk, it also needs, from a person: npm run sophia -- approve ID",
    };
  }
  // Ours only make a plan of it.
  if (isOurs || !destructive.test(toSnakeCase(tool))) return { permission: "allow" };
  const name = printable(tool);
  if (readAllowed().includes(tool)) {
    return {
      permission: "ask",
      user_message: `${name} sounds destructive, and no plan comes before it. Allow it?`,
      agent_message: "A person confirms this call.",
    };
  }
  return {
    permission: "deny",
    user_message: `${name} sounds destructive, and no plan comes before it: denied. To be asked instead, add "${name}" to ${allowedFile}.`,
    agent_message: `${name} is denied here because it destroys without a plan. Do not try another way. Tell the person what you meant to do; only they may add it to ${allowedFile}.`,
  };
}

function readAllowed() {
  const names = readJson(new URL("./allowed-tools.json", import.meta.url));
  return Array.isArray(names) ? names : [];
}

/** One of Sophia's servers, by the address or the command that Cursor calls. */
function isOurServer({ url, command }) {
  if (typeof command === "string" && ourCommand.test(command)) return true;
  if (typeof url !== "string") return false;
  const entries = configurations.flatMap((file) => Object.entries(readJson(file)?.mcpServers ?? {}));
  return entries.some(([key, entry]) => ourKey.test(key) && entry?.url === url);
}

/** Undefined for a file that is not there or holds something else. */
function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}

/** deleteBranch and delete-branch are delete_branch. */
function toSnakeCase(name) {
  return name
    .replace(/([a-z\d])([A-Z])/g, "$1_$2")
    .replace(/[^A-Za-z\d]+/g, "_")
    .toLowerCase();
}

/** The call that is really made: run_tool names another tool and brings its arguments. */
function unwrap(call, depth = 0) {
  if (call.tool !== wrapper) return call;
  const { tool, arguments: input } = call.input ?? {};
  if (typeof tool !== "string" || depth >= maxDepth) throw new Error("run_tool names no tool");
  return unwrap({ ...call, tool, input: parseInput(input) }, depth + 1);
}

function refuse(message) {
  return { permission: "deny", user_message: message, agent_message: message };
}

function printable(value) {
  return value.replace(/[^\w.-]/g, "?").slice(0, 80);
}

/** One line for each call: what and how it was decided, the arguments as a hash only. */
function note(call, permission) {
  const dataDir = (process.env.SOPHIA_DATA_DIR || "~/.sophia").replace(/^~(?=\/|$)/, homedir());
  const folder = join(dataDir, "hooks");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, "cursor.jsonl");
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > maxLogBytes) renameSync(file, `${file}.1`);
  const argumentsHash = createHash("sha256")
    .update(JSON.stringify(call.input ?? null))
    .digest("hex");
  const line = {
    at: new Date().toISOString(),
    tool: call.tool.slice(0, 200),
    ...(call.through && { through: call.through }),
    server: call.server,
    argumentsHash,
    permission,
  };
  appendFileSync(file, `${JSON.stringify(line)}\n`, { mode: 0o600 });
}

function parseCall(json) {
  if (json.length > maxInputLength) throw new Error("the call is too long");
  const event = JSON.parse(json);
  if (typeof event?.tool_name !== "string") throw new Error("the call has no tool_name");
  const server = typeof event.url === "string" && URL.canParse(event.url) ? withoutKeys(new URL(event.url)) : undefined;
  // MCP:tool or MCP:server:tool, depending on its version.
  const tool = event.tool_name.replace(/^.*:/, "");
  const outer = { tool, input: parseInput(event.tool_input), server, isOurs: isOurServer(event) };
  const call = unwrap(outer);
  return call === outer ? outer : { ...call, through: outer.tool };
}

/** Without query and user: people put keys there. */
function withoutKeys({ protocol, host, pathname }) {
  return `${protocol}//${host}${pathname}`;
}

/** Cursor sends the arguments as an object or as JSON text, depending on its version. */
function parseInput(input) {
  const parsed = typeof input === "string" ? JSON.parse(input || "{}") : (input ?? {});
  if (typeof parsed !== "object" || Array.isArray(parsed)) throw new Error("the arguments are no object");
  return parsed ?? {};
}

async function main() {
  try {
    const call = parseCall(await text(process.stdin));
    const decision = decide(call);
    note(call, decision.permission);
    process.stdout.write(`${JSON.stringify(decision)}\n`);
  } catch (error) {
    // A guard that fails must not open the gate.
    process.stdout.write(
      `${JSON.stringify(refuse(`The guard could not judge this call: ${error.code ?? error.name}.`))}\n`,
    );
  }
}

await main();
