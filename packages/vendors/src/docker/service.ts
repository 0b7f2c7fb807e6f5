// https://docs.docker.com/reference/api/engine/
import { defineService, type ModeReport } from "@sophia/core/config/service";
import { z } from "zod";

const docsUrl = "https://docs.docker.com/engine/install/";

export const docker = defineService({
  id: "docker",
  title: "Docker",
  group: "infra",
  purpose: "Containers: what runs, why it fails, restart with approval.",
  served: ["live", "local"],
  docsUrl,
  config: z.object({
    DOCKER_HOST: z
      .string()
      .optional()
      .describe("Where the Docker Engine listens: unix:///path or tcp://host:port. Default: /var/run/docker.sock."),
  }),
  // The Engine knows no key: whoever reaches the socket is its administrator.
  keyShape: [],
  modes({ config, facts }) {
    const remote = config.DOCKER_HOST !== undefined && !config.DOCKER_HOST.startsWith("unix:");
    if (facts.dockerAnswers) return describeEngine(remote);
    return describeAbsence(config.DOCKER_HOST);
  },
});

function describeEngine(isRemote: boolean): ModeReport {
  if (isRemote) return { mode: "live", reason: "the Engine at DOCKER_HOST answers", fix: "" };
  return { mode: "local", reason: "the Engine on this machine answers", fix: "" };
}

/** Nothing stands in for an Engine: what it would show or restart would not be there. */
function describeAbsence(host: string | undefined): ModeReport {
  const reason = host === undefined ? "no Engine answers on this machine" : "no Engine answers at DOCKER_HOST";
  const fix = `start Docker, give this user access to its socket, or set DOCKER_HOST (${docsUrl})`;
  return { mode: "off", reason, fix };
}
