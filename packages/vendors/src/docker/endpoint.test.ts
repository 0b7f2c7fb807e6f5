import { describe, expect, it } from "vitest";
import { parseDockerHost } from "./endpoint.ts";

describe("parseDockerHost", () => {
  it.each([
    [undefined, { socketPath: "/var/run/docker.sock", explicit: false }],
    ["  ", { socketPath: "/var/run/docker.sock", explicit: false }],
    ["unix:///run/user/1000/docker.sock", { socketPath: "/run/user/1000/docker.sock", explicit: true }],
    ["tcp://10.0.0.5:2376", { baseUrl: "http://10.0.0.5:2376", socketPath: undefined, label: "tcp://10.0.0.5:2376" }],
    ["tcp://proxy", { baseUrl: "http://proxy:2375" }],
    ["tcp://[::1]:2375", { baseUrl: "http://[::1]:2375" }],
    ["tcp://proxy:80", { baseUrl: "http://proxy:80" }],
  ])("reads %j", (value, expected) => {
    expect(parseDockerHost(value)).toMatchObject(expected);
  });

  it.each([
    "ssh://host",
    "npipe:////./pipe/docker_engine",
    "unix://relative",
    "https://host:2376",
    "tcp://user:pw@host",
    "host:2375",
    "tcp://",
  ])("refuses %s with a fix", (value) => {
    expect(() => parseDockerHost(value)).toThrow(
      expect.objectContaining({ kind: "not_configured", hint: expect.stringContaining("unix://") }),
    );
  });
});
