import { listSetting } from "@sophia/core/config/setting-schemas";
import { docker } from "@sophia/vendors/docker/service";
import { z } from "zod";

const serverAddress = /^(?:ai|data|infra|bi)=https?:\/\/[^\s/@]+\/?$/;

/** Variables of the Infrastructure Copilot. */
export const InfraConfig = z.object({
  ...docker.config.shape,
  SOPHIA_INFRA_REPOSITORIES: listSetting().describe(
    "Folders whose Git repositories may be read, separated by commas: repositories or folders of them. Default: the one around the working directory.",
  ),
  SOPHIA_INFRA_GIT: z.string().default("git").describe("The git program, when it is not in a usual place."),
  SOPHIA_INFRA_COMPOSE_PROJECT: z
    .string()
    .regex(/^[a-z0-9][a-z0-9_-]*$/, "must be a compose project name")
    .default("sophia")
    .describe("Containers of this compose project may be restarted without the label sophia.restart=allow."),
  SOPHIA_INFRA_SERVERS: listSetting()
    .refine(
      (items) => items.every((item) => serverAddress.test(item)),
      "must be like ai=http://ai:8091,data=http://data:8092",
    )
    .describe("Addresses of the servers when they do not share this machine, e.g. ai=http://ai:8091."),
});
export type InfraConfig = z.output<typeof InfraConfig>;
