import { AppError } from "@sophia/core/errors/app-error";
import type { DockerEndpoint } from "./endpoint.ts";

/** The system's error code somewhere below an error, or undefined. */
function systemCode(error: unknown): string | undefined {
  for (
    let current: unknown = error, depth = 0;
    current instanceof Error && depth < 6;
    current = current.cause, depth += 1
  ) {
    const { code } = current as { code?: unknown };
    if (typeof code === "string") return code;
  }
  return undefined;
}

/**
 * Says what to do about an Engine that cannot be reached. "No socket" and "not allowed" need opposite fixes, and both
 * look like a network failure to the HTTP layer. https://docs.docker.com/engine/install/linux-postinstall/
 */
export function explainEngineFailure(error: unknown, endpoint: DockerEndpoint): unknown {
  const code = systemCode(error);
  const shared = { service: "docker", cause: error, retryable: false };
  if (code === "EACCES" || code === "EPERM") {
    return new AppError("denied", `Sophia may not open the Docker socket (${endpoint.label}).`, {
      ...shared,
      hint: "Add its user to the docker group (sudo usermod -aG docker USER), log in again and restart Sophia. That group is as powerful as root: a socket proxy that allows only reads and restarts, set as DOCKER_HOST, is the safer way.",
    });
  }
  if (code === "ENOENT" || code === "ENOTSOCK") {
    return new AppError("not_configured", `There is no Docker Engine at ${endpoint.label}.`, {
      ...shared,
      hint: endpoint.explicit
        ? "Start Docker there, or correct DOCKER_HOST."
        : "Install or start Docker (sudo systemctl start docker). Docker Desktop, Colima and rootless Docker listen elsewhere: set DOCKER_HOST=unix:///path/to/docker.sock.",
    });
  }
  if (code === "ECONNREFUSED") {
    return new AppError("not_configured", `Nobody listens at ${endpoint.label}: Docker is not running.`, {
      ...shared,
      hint:
        endpoint.socketPath === undefined
          ? "Start the Engine there, or correct DOCKER_HOST."
          : "Start Docker: sudo systemctl start docker.",
    });
  }
  return error;
}
