import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { callerTokenFile, createTokens } from "@sophia/core/approval/tokens";
import type { PlatformConfig } from "@sophia/core/config/platform-config";
import { unwrap } from "@sophia/core/config/secret";
import { AppError } from "@sophia/core/errors/app-error";
import { systemClock } from "@sophia/core/limits/clock";
import { makeTestCall } from "@sophia/core/mcp/test-call";
import { chooseFirstQuestion, formatServerUrl, serverList } from "../server-list.ts";
import { withStore } from "../with-store.ts";
import type { CommandContext } from "./command-context.ts";
import type { CursorConfig, CursorServer } from "./cursor-config.ts";
import { mergeServers, readCursorConfig, writeCursorConfig } from "./cursor-config.ts";
import { explainProjectFile } from "./project-file.ts";

/** Writes the four servers and a token into Cursor's user configuration, then calls each one as Cursor would. */
export async function runConnectCursor(
  context: CommandContext,
  options: { file: string | undefined },
): Promise<number> {
  const { terminal, config } = context;
  const file = options.file ?? join(homedir(), ".cursor", "mcp.json");
  const before = await readCursorConfig(file);
  const bearer = await findBearer(context, before);
  config.scrubber.register(bearer, "caller token");
  const servers: Record<string, CursorServer> = Object.fromEntries(
    serverList.map(({ id }) => [
      `sophia-${id}`,
      { url: `${formatServerUrl(config.platform, id)}/mcp`, headers: { Authorization: `Bearer ${bearer}` } },
    ]),
  );
  const backup = await writeCursorConfig(file, mergeServers(before, servers));
  terminal.note(`Wrote sophia-${serverList.map(({ id }) => id).join(", sophia-")} to ${file}.`);
  if (backup !== undefined) terminal.note(`The file as it was: ${backup}`);
  const project = await explainProjectFile({
    folder: process.cwd(),
    written: file,
    servers,
    tokenFile: findTokenFile(config.platform),
  });
  if (project !== undefined) terminal.note(project);
  const failed = await callAll(context, bearer);
  terminal.note("Links that add the same servers, for another Cursor with the token in SOPHIA_TOKEN:");
  for (const { id, title } of serverList) terminal.print(`${title}: ${formatDeeplink(`sophia-${id}`, servers)}`);
  if (failed > 0) return 1;
  terminal.note(`Next: reload Cursor, then ask it: "${chooseFirstQuestion(serverList)}"`);
  return 0;
}

async function callAll({ terminal, config }: CommandContext, bearer: string): Promise<number> {
  const calls = await Promise.allSettled(
    serverList.map(({ id }) => makeTestCall({ url: `${formatServerUrl(config.platform, id)}/mcp`, bearer })),
  );
  let failed = 0;
  for (const [index, call] of calls.entries()) {
    const title = serverList[index]?.title ?? "";
    if (call.status === "fulfilled") {
      const { tools, durationMs } = call.value;
      terminal.note(
        `${terminal.style("green", "ok")} ${title}: ${tools.length} tools, test call in ${Math.round(durationMs)} ms`,
      );
      continue;
    }
    failed += 1;
    const reason: unknown = call.reason;
    const text = reason instanceof AppError ? [reason.message, reason.hint].join(" ") : "the test call failed";
    terminal.note(`${terminal.style("red", "failed")} ${title}: ${config.scrubber.scrub(text)}`);
  }
  return failed;
}

/** A token that works: the configured one, the one Cursor already has, the one of the first start, else a new one. */
async function findBearer(context: CommandContext, cursor: CursorConfig): Promise<string> {
  const { platform } = context.config;
  if (platform.token) return unwrap(platform.token);
  const stored = await readFile(join(platform.dataDir, callerTokenFile), "utf8").catch(() => undefined);
  return await withStore(context.config, context.log, async (store) => {
    const tokens = createTokens({ store, clock: systemClock });
    for (const bearer of [findOwnBearer(cursor), stored?.trim()]) {
      if (bearer === undefined || bearer === "") continue;
      const callers = await Promise.all(serverList.map(({ id }) => tokens.authenticate(bearer, id)));
      if (callers.every((caller) => caller?.scopes.includes("read") === true)) return bearer;
    }
    const { bearer } = await tokens.create({
      name: `cursor ${new Date().toISOString().slice(0, 10)}`,
      server: "*",
      scopes: ["read", "write"],
    });
    return bearer;
  });
}

/** Its token is as good as the one that was written; the path may be shown where the token may not. */
function findTokenFile({ dataDir, token }: PlatformConfig): string | undefined {
  const file = join(dataDir, callerTokenFile);
  return token === undefined && existsSync(file) ? file : undefined;
}

function findOwnBearer(cursor: CursorConfig): string | undefined {
  const text = JSON.stringify(cursor.mcpServers?.["sophia-ai"] ?? {});
  return /"Bearer ([^"$]+)"/.exec(text)?.[1];
}

/** Opens Cursor's own dialogue to add the server. Links end up in histories, so it names the variable, not the token. */
function formatDeeplink(name: string, servers: Readonly<Record<string, CursorServer>>): string {
  const { url } = servers[name] ?? { url: "" };
  const config = { url, headers: { Authorization: "Bearer ${env:SOPHIA_TOKEN}" } };
  const encoded = Buffer.from(JSON.stringify(config)).toString("base64");
  return `cursor://anysphere.cursor-deeplink/mcp/install?name=${name}&config=${encodeURIComponent(encoded)}`;
}
