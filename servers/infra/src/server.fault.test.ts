import { createDockerEngine } from "@sophia/vendors/docker/client";
import { startTestServer } from "@sophia/core/testing/test-server";
import { describe, expect, it } from "vitest";
import { infraServer } from "./server.ts";
import { callTool } from "./testing/call-tool.ts";
import { fakeServices } from "./testing/fake-services.ts";

describe("fault 42: no Docker socket", () => {
  it("leaves the rest of the server working and names the fix", async () => {
    const log = new Proxy({} as never, { get: () => () => {} });
    const docker = createDockerEngine({
      host: "unix:///nonexistent/docker.sock",
      http: { log },
      composeProject: undefined,
      readOnly: false,
    });
    const test = await startTestServer({ definition: infraServer, services: { ...fakeServices(), docker } });
    const bearer = await test.bearer();
    const status = await callTool(test.url, bearer, "get_status", {});
    expect(status.structuredContent).toMatchObject({
      servers: { ok: true },
      docker: { ok: false, detail: expect.stringContaining("DOCKER_HOST") },
    });
    expect((await callTool(test.url, bearer, "list_resources", { kind: "servers" })).structuredContent.total).toBe(4);
    expect(await callTool(test.url, bearer, "list_resources", { kind: "containers" })).toMatchObject({
      isError: true,
      content: [{ text: expect.stringMatching(/not_configured[\s\S]*Start Docker there, or correct DOCKER_HOST/) }],
    });
    expect((await fetch(new URL("/readyz", test.url))).status).toBe(200);
    await test.close();
  });
});
