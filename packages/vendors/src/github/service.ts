// https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/managing-your-personal-access-tokens
import { secretString } from "@sophia/core/config/parse-config";
import { defineService } from "@sophia/core/config/service";
import { urlSetting } from "@sophia/core/config/setting-schemas";
import { z } from "zod";
import { createKeyProbe } from "../probe-key.ts";
import { resolveMode } from "../resolve-mode.ts";
import { githubKeyCheck } from "./key-check.ts";

const docsUrl = "https://github.com/settings/personal-access-tokens";

export const github = defineService({
  id: "github",
  title: "GitHub",
  group: "infra",
  purpose: "CI runs, pull requests and repository secrets; without a token, a Git clone on this machine.",
  served: ["local"],
  docsUrl,
  config: z.object({
    GITHUB_TOKEN: secretString().optional().describe("Token with the rights actions, contents and pull requests."),
    GITHUB_API_URL: urlSetting(["https:", "http:"])
      .default("https://api.github.com")
      .describe("API of a GitHub Enterprise Server."),
    GITHUB_REPOSITORY: z
      .string()
      .regex(/^[\w.-]+\/[\w.-]+$/, "must be owner/name")
      .optional()
      .describe("Repository that questions are about when none is named, as owner/name."),
  }),
  keyShape: [
    { variable: "GITHUB_TOKEN", pattern: /^(?:gh[opsu]_[A-Za-z0-9]{36,}|github_pat_\w{60,})$/, isDistinct: true },
  ],
  modes: ({ config, facts, simulate }) =>
    resolveMode({
      required: { GITHUB_TOKEN: config.GITHUB_TOKEN },
      local: facts.gitClone === undefined ? undefined : `reads the Git clone in ${facts.gitClone}`,
      simulate,
      docsUrl,
      alternative: "name a folder with Git clones in SOPHIA_INFRA_REPOSITORIES",
    }),
  probeKey: createKeyProbe(githubKeyCheck),
});
