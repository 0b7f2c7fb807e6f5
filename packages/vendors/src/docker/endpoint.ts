import { AppError } from "@sophia/core/errors/app-error";

/** Where the Engine listens. `explicit` is true when somebody set DOCKER_HOST: then its absence is a fault. */
export interface DockerEndpoint {
  /** `http://localhost` over a socket, `http://host:port` over TCP. */
  baseUrl: string;
  socketPath: string | undefined;
  explicit: boolean;
  /** For people: the address without anything secret. */
  label: string;
}

export const defaultSocketPath = "/var/run/docker.sock";

/**
 * Reads DOCKER_HOST as the Docker CLI does: `unix:///path`, `tcp://host:port`, `http://host:port`; empty is the
 * default socket. https://docs.docker.com/reference/cli/docker/#environment-variables
 * Throws `not_configured` for the forms that would need a program or certificates of their own (ssh, npipe, https).
 */
export function parseDockerHost(value: string | undefined): DockerEndpoint {
  const text = value?.trim() ?? "";
  if (text === "") return toSocketEndpoint(defaultSocketPath, false);
  const socketPath = /^unix:\/\/(\/.+)$/.exec(text)?.[1];
  if (socketPath !== undefined) return toSocketEndpoint(socketPath, true);
  const url = URL.parse(text.replace(/^tcp:/, "http:"));
  if (
    /^(?:tcp|http):/.test(text) &&
    url !== null &&
    url.hostname !== "" &&
    url.username === "" &&
    url.password === ""
  ) {
    // URL drops a port that is its scheme's default, so 80 has to be read from the text.
    const port = /:(\d+)\/?$/.exec(text)?.[1] ?? "2375";
    const address = `${url.hostname}:${port}`;
    return { baseUrl: `http://${address}`, socketPath: undefined, explicit: true, label: `tcp://${address}` };
  }
  throw new AppError("not_configured", "DOCKER_HOST has a form that Sophia does not speak.", {
    service: "docker",
    hint: "Use unix:///path/to/docker.sock or tcp://host:port. For ssh, forward the socket: ssh -nNT -L /tmp/docker.sock:/var/run/docker.sock HOST.",
  });
}

function toSocketEndpoint(socketPath: string, explicit: boolean): DockerEndpoint {
  return { baseUrl: "http://localhost", socketPath, explicit, label: `unix://${socketPath}` };
}
