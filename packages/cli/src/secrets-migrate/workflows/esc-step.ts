import type { EnvExport } from "./env-exports.ts";

/** https://github.com/pulumi/esc-action (inputs: action.yml), pinned to its release v1.5.0. */
const escAction = "pulumi/esc-action@6cf9520e68354d86f81c455e8d43eabd58f5c9f5 # v1.5.0";

/** A pull request from a fork, or Dependabot's, had no secrets before and can have no identity token: it goes on without. */
const trustedOnly = "github.event.pull_request.head.repo.fork != true && github.actor != 'dependabot[bot]'";

/** The step that signs in by the job's own identity and reads an environment; its outputs are the secrets by name. */
export function escStep(options: {
  id: string;
  indent: string;
  lineEnd: string;
  organisation: string;
  environment: string;
  exports: readonly EnvExport[];
  onPullRequest: boolean;
}): string {
  const exported = options.exports.map(({ variable, secret }) =>
    variable === secret ? secret : `${variable}=${secret}`,
  );
  const lines = [
    "- name: Read secrets from Pulumi ESC",
    `  id: ${options.id}`,
    ...(options.onPullRequest ? [`  if: ${trustedOnly}`] : []),
    `  uses: ${escAction}`,
    "  with:",
    `    environment: ${options.environment}`,
    `    export-environment-variables: ${exported.length === 0 ? '"false"' : `"${exported.join(",")}"`}`,
    '    oidc-auth: "true"',
    `    oidc-organization: ${options.organisation}`,
    "    oidc-requested-token-type: urn:pulumi:token-type:access_token:organization",
  ];
  return lines.map((line) => `${options.indent}${line}${options.lineEnd}`).join("");
}
