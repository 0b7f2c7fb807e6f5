import { fileURLToPath } from "node:url";
import type { PlatformConfig } from "@sophia/core/config/platform-config";
import { AppError } from "@sophia/core/errors/app-error";

/** One of the four servers, as the command line knows it. Its tools are its own business. */
export interface ServerEntry {
  id: "ai" | "data" | "infra" | "bi";
  title: string;
  /** Something to ask in Cursor that works without any account. */
  tryNext: string;
}

export const serverList: readonly ServerEntry[] = [
  { id: "ai", title: "AI Intelligence", tryNext: "Which models can Sophia use, and what do they cost?" },
  { id: "data", title: "Data Intelligence", tryNext: "Fetch https://example.com and tell me what it says." },
  { id: "infra", title: "Infrastructure Copilot", tryNext: "What is the status of the Sophia servers?" },
  { id: "bi", title: "Business Intelligence", tryNext: "How did revenue develop per month?" },
];

/** What a newcomer asks first: anything before a question to the Data server, which needs the internet. */
export function chooseFirstQuestion(servers: readonly ServerEntry[]): string {
  return (servers.findLast(({ id }) => id !== "data") ?? servers[0])?.tryNext ?? "";
}

/** Entries for `ids`, in the fixed order; all of them for none. Throws AppError `invalid_input` on an unknown id. */
export function selectServers(ids: readonly string[]): readonly ServerEntry[] {
  const unknown = ids.filter((id) => !serverList.some((server) => server.id === id));
  if (unknown.length > 0) {
    throw new AppError("invalid_input", `There is no server called ${unknown.join(", ")}.`, {
      hint: `The servers are ${serverList.map(({ id }) => id).join(", ")}.`,
    });
  }
  return ids.length === 0 ? serverList : serverList.filter((server) => ids.includes(server.id));
}

export function findServerMain(id: ServerEntry["id"]): string {
  return fileURLToPath(new URL(`../../../servers/${id}/src/main.ts`, import.meta.url));
}

/** Address for programs on this machine. A server that listens everywhere also listens on loopback. */
export function formatServerUrl(config: Pick<PlatformConfig, "host" | "ports">, id: ServerEntry["id"]): string {
  const everywhere = config.host === "0.0.0.0" || config.host === "::";
  const host = everywhere ? "127.0.0.1" : config.host;
  return `http://${host.includes(":") ? `[${host}]` : host}:${config.ports[id]}`;
}
