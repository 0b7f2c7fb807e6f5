import { ResourceNotFoundError, type Server } from "@modelcontextprotocol/server";
import { AppError } from "../errors/app-error.ts";
import type { Resource } from "./define-server.ts";
import type { Caller } from "../approval/caller.ts";
import type { MethodGuard } from "./method-guard.ts";
import { matchTemplate } from "./uri-template.ts";

/** Resources with a fixed address and templates with many. */
export function installResources(
  server: Server,
  resources: readonly Resource[],
  { guard, caller }: { guard: MethodGuard; caller: Caller },
): void {
  const fixed = resources.filter(({ uri }) => !uri.includes("{"));
  const templates = resources.filter(({ uri }) => uri.includes("{"));
  server.setRequestHandler("resources/list", async () => ({
    resources: fixed.map((resource) => ({ uri: resource.uri, ...describe(resource) })),
  }));
  server.setRequestHandler("resources/templates/list", async () => ({
    resourceTemplates: templates.map((resource) => ({ uriTemplate: resource.uri, ...describe(resource) })),
  }));
  server.setRequestHandler("resources/read", async ({ params }, context) => {
    const { uri } = params;
    const toNotFound = (message: string) => new ResourceNotFoundError(uri, message);
    return await guard({ method: "resources/read", params, context, toNotFound }, async () => {
      for (const resource of resources) {
        const variables = matchTemplate(resource.uri, uri);
        if (variables) return { contents: [await resource.read(variables, { uri, caller })] };
      }
      throw new AppError("not_found", "There is no such resource.");
    });
  });
  // Accepted so that Cursor's start sequence passes; our resources do not change while they exist.
  server.setRequestHandler("resources/subscribe", async () => ({}));
  server.setRequestHandler("resources/unsubscribe", async () => ({}));
}

function describe({ name, title, description, mimeType }: Resource) {
  return { name, title, description, mimeType };
}
