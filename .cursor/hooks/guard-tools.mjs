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
/** Names of other people's tools that destroy or release something. */
const destructive = /(?:^|_)(?:delete|destroy|drop|truncate|purge|wipe|terminate|force_push|reset_hard)(?:_|$)/;

/** The decision for one call. `deny` cannot be overruled in Cursor, `ask` puts a person in front. */
export function decide({ tool, input }) {
  if (changing.has(tool)) {
    const planId = typeof input?.planId === "string" ? input.planId : "";
    if (planId === "") return refuse("apply_change needs the planId of a plan. Make the plan first.");
    return {
      permission: "ask",
      user_message: `Sophia is about to carry out plan ${printable(planId)}. Look at it with: sophia plans --all`,
      agent_message:
        "A person confirms this change in Cursor. If the plan is not low risk, it also needs: sophia approve ID",
    };
  }
  if (destructive.test(tool)) {
    return {
      permission: "ask",
      user_message: `${printable(tool)} sounds destructive. Allow it?`,
      agent_message: "A person confirms this call.",
    };
  }
  return { permission: "allow" };
}

function refuse(message) {
  return { permission: "deny", user_message: message, agent_message: message };
}

function printable(value) {
  return value.replace(/[^\w.-]/g, "?").slice(0, 80);
}

/** One line for each call: what and how it was decided, the arguments as a hash only. */
function note(call, permission) {
  const folder = join(process.env.SOPHIA_DATA_DIR || join(homedir(), ".sophia"), "hooks");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, "cursor.jsonl");
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > maxLogBytes) renameSync(file, `${file}.1`);
  const argumentsHash = createHash("sha256")
    .update(JSON.stringify(call.input ?? null))
    .digest("hex");
  const line = {
    at: new Date().toISOString(),
    tool: call.tool.slice(0, 200),
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
  // Cursor sends the arguments as an object or as JSON text, depending on its version.
  const input = typeof event.tool_input === "string" ? JSON.parse(event.tool_input || "{}") : event.tool_input;
  // Without its query: people put keys there.
  const server = typeof event.url === "string" ? event.url.split(/[?#]/)[0] : undefined;
  return { tool: event.tool_name.replace(/^MCP:/, ""), input, server };
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

if (process.argv[1] === import.meta.filename) await main();
