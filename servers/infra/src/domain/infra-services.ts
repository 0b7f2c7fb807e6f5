import type { Clock } from "@sophia/core/limits/clock";
import type { DockerEngine } from "@sophia/vendors/docker/client";
import type { LocalGit } from "@sophia/vendors/github/local-git";
import type { RestartHistory } from "./restart-history.ts";
import type { NeededEndpoint } from "./restart-plan.ts";
import type { ServerDirectory } from "./server-directory.ts";
import type { Supervisor } from "./supervisor.ts";

/** All that the tools of this server use. Built once at start. */
export interface InfraServices {
  docker: DockerEngine;
  git: LocalGit;
  servers: ServerDirectory;
  /** Undefined where no supervisor runs. */
  supervisor: Supervisor | undefined;
  restarts: RestartHistory;
  clock: Clock;
  /** Inside a container: the beginning of its own id, so that it is never restarted by itself. */
  ownHostname: string;
  /** What our own installation stands on. */
  needed: readonly NeededEndpoint[];
  /** Masks our own secrets; what others wrote goes through `redactText` with it. */
  scrub(text: string): string;
}
