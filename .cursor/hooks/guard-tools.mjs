// Runs before Cursor calls an MCP tool (https://cursor.com/docs/hooks). Plain Node 20, nothing to install.
// Notes every call, and keeps changes behind a person: the servers enforce the same, this shows it where people look.
import { createHash } from "node:crypto";
import { appendFileSync, mkdirSync, statSync, renameSync } from "node:fs";
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

/** The decision for one call. `deny` cannot be overruled in Cursor, `ask` puts a person in front. */
function decide({ tool, input }) {
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
  if (destructive.test(toSnakeCase(tool))) {
    return {
      permission: "ask",
      user_message: `${printable(tool)} sounds destructive. Allow it?`,
      agent_message: "A person confirms this call.",
    };
  }
  return { permission: "allow" };
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
  const outer = { tool: event.tool_name.replace(/^MCP:/, ""), input: parseInput(event.tool_input), server };
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
