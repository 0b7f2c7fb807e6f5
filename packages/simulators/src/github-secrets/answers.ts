const moment = "2026-11-01T00:00:00Z";

const userUrls = [
  "avatar_url",
  "events_url",
  "followers_url",
  "following_url",
  "gists_url",
  "html_url",
  "organizations_url",
  "received_events_url",
  "repos_url",
  "starred_url",
  "subscriptions_url",
  "url",
];
const repositoryUrls =
  "archive assignees blobs branches collaborators comments commits compare contents contributors deployments downloads events forks git_commits git_refs git_tags hooks html issue_comment issue_events issues keys labels languages merges milestones notifications pulls releases stargazers statuses subscribers subscription tags teams trees";

/** A repository with every field that the specification requires. */
export function repositoryAnswer(baseUrl: string, repository: string, defaultBranch: string): Record<string, unknown> {
  const [owner = "", name = ""] = repository.split("/");
  const url = `${baseUrl}/repos/${repository}`;
  const urls = Object.fromEntries(repositoryUrls.split(" ").map((field) => [`${field}_url`, `${url}/${field}`]));
  const counts = [
    "forks",
    "forks_count",
    "open_issues",
    "open_issues_count",
    "size",
    "stargazers_count",
    "watchers",
    "watchers_count",
    "network_count",
    "subscribers_count",
  ];
  const switches = [
    "fork",
    "private",
    "has_issues",
    "has_projects",
    "has_wiki",
    "has_pages",
    "has_discussions",
    "archived",
    "disabled",
  ];
  return {
    id: 1,
    node_id: "R_simulated",
    name,
    full_name: repository,
    owner: userAnswer(baseUrl, owner),
    description: "Simulated",
    url,
    ...urls,
    clone_url: url,
    git_url: url,
    ssh_url: url,
    svn_url: url,
    mirror_url: null,
    homepage: null,
    language: null,
    license: null,
    default_branch: defaultBranch,
    pushed_at: moment,
    created_at: moment,
    updated_at: moment,
    ...Object.fromEntries(counts.map((field) => [field, 0])),
    ...Object.fromEntries(switches.map((field) => [field, false])),
  };
}

export interface SimulatedRun {
  id: number;
  workflow: string;
  branch: string;
  status: "queued" | "completed";
  conclusion: "success" | "failure" | null;
  createdAt: string;
}

export function runAnswer(baseUrl: string, repository: string, run: SimulatedRun): Record<string, unknown> {
  const url = `${baseUrl}/repos/${repository}/actions/runs/${run.id}`;
  const urls = ["jobs", "logs", "check_suite", "cancel", "rerun", "artifacts", "workflow"];
  return {
    id: run.id,
    node_id: "WFR_simulated",
    name: "simulated",
    head_branch: run.branch,
    head_sha: "0".repeat(40),
    run_number: run.id,
    display_title: "simulated",
    event: "workflow_dispatch",
    status: run.status,
    conclusion: run.conclusion,
    path: `.github/workflows/${run.workflow}`,
    workflow_id: 1,
    url,
    html_url: url,
    created_at: run.createdAt,
    updated_at: run.createdAt,
    head_commit: null,
    head_repository: repositoryAnswer(baseUrl, repository, run.branch),
    repository: repositoryAnswer(baseUrl, repository, run.branch),
    pull_requests: [],
    ...Object.fromEntries(urls.map((field) => [`${field}_url`, `${url}/${field}`])),
  };
}

export function environmentAnswer(baseUrl: string, repository: string, name: string): Record<string, unknown> {
  const url = `${baseUrl}/repos/${repository}/environments/${encodeURIComponent(name)}`;
  return {
    id: 1,
    node_id: "EN_simulated",
    name,
    url,
    html_url: url,
    created_at: moment,
    updated_at: moment,
    protection_rules: [],
  };
}

export function artifactAnswer(
  baseUrl: string,
  repository: string,
  artifact: { id: number; name: string; bytes: number; digest: string },
): Record<string, unknown> {
  const url = `${baseUrl}/repos/${repository}/actions/artifacts/${artifact.id}`;
  return {
    id: artifact.id,
    node_id: "A_simulated",
    name: artifact.name,
    size_in_bytes: artifact.bytes,
    url,
    archive_download_url: `${url}/zip`,
    expired: false,
    digest: artifact.digest,
    created_at: moment,
    expires_at: moment,
    updated_at: moment,
  };
}

function userAnswer(baseUrl: string, login: string): Record<string, unknown> {
  const urls = Object.fromEntries(userUrls.map((field) => [field, `${baseUrl}/users/${login}/${field}`]));
  return { login, id: 1, node_id: "U_simulated", gravatar_id: "", site_admin: false, type: "Organization", ...urls };
}
