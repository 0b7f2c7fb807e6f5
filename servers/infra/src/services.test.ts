import { parseConfig } from "@sophia/core/config/parse-config";
import { describe, expect, it } from "vitest";
import { InfraConfig } from "./config.ts";
import { resolveServerUrls } from "./services.ts";

const ports = { ai: 1, data: 2, infra: 3, bi: 4, console: 5 };

describe("resolveServerUrls", () => {
  it.each([
    ["127.0.0.1", "http://127.0.0.1:1"],
    ["0.0.0.0", "http://127.0.0.1:1"],
    ["::", "http://127.0.0.1:1"],
    ["::1", "http://[::1]:1"],
    ["10.0.0.5", "http://10.0.0.5:1"],
  ])("asks a server on %s at %s", (host, url) => {
    expect(resolveServerUrls({ SOPHIA_INFRA_SERVERS: [] }, { host, ports }).ai).toBe(url);
  });

  it("takes named addresses before the ports", () => {
    const urls = resolveServerUrls({ SOPHIA_INFRA_SERVERS: ["bi=http://bi:8094"] }, { host: "127.0.0.1", ports });
    expect(urls).toMatchObject({ ai: "http://127.0.0.1:1", bi: "http://bi:8094" });
  });
});

describe("InfraConfig", () => {
  it("reads lists", () => {
    const environment = {
      SOPHIA_INFRA_SERVERS: "ai=http://ai:8091, bi=https://bi.internal",
      SOPHIA_INFRA_REPOSITORIES: "/srv/a,/srv/b",
    };
    expect(parseConfig([InfraConfig], environment)).toMatchObject({
      SOPHIA_INFRA_SERVERS: ["ai=http://ai:8091", "bi=https://bi.internal"],
      SOPHIA_INFRA_REPOSITORIES: ["/srv/a", "/srv/b"],
    });
  });

  it.each([
    ["SOPHIA_INFRA_SERVERS", "ai=http://user:password@ai:8091"],
    ["SOPHIA_INFRA_SERVERS", "http://ai:8091"],
    ["SOPHIA_INFRA_COMPOSE_PROJECT", "Not A Project"],
    ["SOPHIA_INFRA_SERVER", "x"],
  ])("names %s as the mistake", (name, value) => {
    expect(() => parseConfig([InfraConfig], { [name]: value })).toThrow(name);
  });
});
