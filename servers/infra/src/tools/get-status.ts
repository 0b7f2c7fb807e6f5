import { defineTool, Source, type ToolContext } from "@sophia/core/mcp/define-tool";
import { z } from "zod";
import type { InfraServices } from "../services.ts";
import { sourceOf } from "../domain/source-of.ts";
import { readContainers, readRepositories, readServers } from "../domain/read-status.ts";
import { composeVerdict, readPart, StatusPart } from "../domain/status-parts.ts";

export const getStatus = defineTool({
  name: "get_status",
  title: "Status of servers, containers and repositories",
  description:
    "Says in one sentence whether everything runs, then how the four servers, the Docker Engine and the local Git repositories are.\n" +
    "- Use when asked whether all is well, what is broken or what runs here.\n" +
    "- Use before planning a change; diagnose looks at one resource closely.\n" +
    "A part that cannot be read says so with its fix; the others are told all the same. Example: {}",
  effect: "read",
  deadlineMs: 15_000,
  input: z.strictObject({}),
  output: z.object({
    verdict: z.string().describe("The answer in one sentence."),
    healthy: z.boolean(),
    servers: StatusPart,
    docker: StatusPart,
    git: StatusPart,
    source: Source,
  }),
  async run(_input, { services, signal }: ToolContext<InfraServices>) {
    const [servers, docker, git] = await Promise.all([
      readPart(readServers(services, signal), true, signal),
      readPart(readContainers(services, signal), services.docker.expected, signal),
      readPart(readRepositories(services, signal), false, signal),
    ]);
    const parts = [servers, docker, git];
    return {
      verdict: composeVerdict(parts),
      healthy: parts.every((part) => part.ok),
      servers,
      docker,
      git,
      source: sourceOf("sophia", services),
    };
  },
  render({ verdict, servers, docker, git }) {
    const lines = Object.entries({ Servers: servers, Docker: docker, Git: git }).map(
      ([name, part]) => `- ${name}: ${part.state}. ${[part.detail, ...part.problems].join(" | ")}`,
    );
    return [verdict, ...lines].join("\n");
  },
});
