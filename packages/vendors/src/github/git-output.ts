/** What git prints, as our own types. Pure: every function takes one command's output. */

export interface ChangedFile {
  path: string;
  change: "added" | "modified" | "deleted" | "renamed" | "type-changed" | "conflicted" | "untracked";
  staged: boolean;
}

export interface RepositoryStatus {
  /** Undefined when HEAD is detached. */
  branch: string | undefined;
  /** Undefined before the first commit. */
  head: string | undefined;
  upstream: string | undefined;
  /** Commits that only we have / only the upstream has; undefined without an upstream. */
  ahead: number | undefined;
  behind: number | undefined;
  files: ChangedFile[];
}

export interface Commit {
  id: string;
  author: string;
  /** Milliseconds since 1970. */
  committedAt: number;
  subject: string;
}

export interface Branch {
  name: string;
  head: string;
  committedAt: number;
  current: boolean;
  upstream: string | undefined;
  ahead: number;
  behind: number;
  /** The upstream branch was deleted. */
  upstreamGone: boolean;
}

export interface FileDiff {
  path: string;
  /** Undefined for binary files. */
  added: number | undefined;
  removed: number | undefined;
}

const changeWords: Record<string, ChangedFile["change"]> = {
  A: "added",
  M: "modified",
  D: "deleted",
  R: "renamed",
  C: "added",
  T: "type-changed",
};

/** `git status --porcelain=v2 --branch -z`. https://git-scm.com/docs/git-status#_porcelain_format_version_2 */
export function parseStatus(output: string): RepositoryStatus {
  const status: RepositoryStatus = {
    branch: undefined,
    head: undefined,
    upstream: undefined,
    ahead: undefined,
    behind: undefined,
    files: [],
  };
  const records = output.split("\0");
  for (let index = 0; index < records.length; index += 1) {
    const record = records[index] ?? "";
    if (record.startsWith("# ")) readHeader(record, status);
    else if (record.startsWith("? ")) status.files.push({ path: record.slice(2), change: "untracked", staged: false });
    else if (record.startsWith("1 ")) status.files.push(toChangedFile(record, 8));
    else if (record.startsWith("u "))
      status.files.push({ path: fieldsAfter(record, 10), change: "conflicted", staged: false });
    else if (record.startsWith("2 ")) {
      status.files.push(toChangedFile(record, 9));
      // With -z a rename's old path is a record of its own; it must not be read as a line.
      index += 1;
    }
  }
  return status;
}

function readHeader(record: string, status: RepositoryStatus): void {
  const [, key, ...rest] = record.split(" ");
  const value = rest.join(" ");
  if (key === "branch.oid" && value !== "(initial)") status.head = value;
  if (key === "branch.head" && value !== "(detached)") status.branch = value;
  if (key === "branch.upstream") status.upstream = value;
  const counts = key === "branch.ab" ? /^\+(\d+) -(\d+)$/.exec(value) : null;
  if (counts !== null) {
    status.ahead = Number(counts[1]);
    status.behind = Number(counts[2]);
  }
}

/** The path after `count` space-separated fields; the path itself may hold spaces. */
function fieldsAfter(record: string, count: number): string {
  return record.split(" ").slice(count).join(" ");
}

function toChangedFile(record: string, fieldCount: number): ChangedFile {
  const index = record[2] ?? ".";
  const workTree = record[3] ?? ".";
  const letter = workTree === "." ? index : workTree;
  return { path: fieldsAfter(record, fieldCount), change: changeWords[letter] ?? "modified", staged: index !== "." };
}

/** Records of fields, each field ended by NUL and each record by a further newline. */
function parseRecords(output: string, fieldCount: number): string[][] {
  const fields = output.split("\0");
  const records: string[][] = [];
  for (let start = 0; start + fieldCount <= fields.length; start += fieldCount) {
    const record = fields.slice(start, start + fieldCount);
    record[0] = (record[0] ?? "").replace(/^\n/, "");
    records.push(record);
  }
  return records;
}

export const commitFormat = "%H%x00%an%x00%ct%x00%s%x00";

export function parseCommits(output: string): Commit[] {
  return parseRecords(output, 4).map(([id = "", author = "", seconds = "", subject = ""]) => ({
    id,
    author,
    committedAt: Number(seconds) * 1000,
    subject,
  }));
}

export const branchFormat =
  "%(refname:lstrip=2)%00%(objectname)%00%(committerdate:unix)%00%(HEAD)%00%(upstream:short)%00%(upstream:track,nobracket)%00";

export function parseBranches(output: string): Branch[] {
  return parseRecords(output, 6).map(([name = "", head = "", seconds = "", mark = "", upstream = "", track = ""]) => ({
    name,
    head,
    committedAt: Number(seconds) * 1000,
    current: mark === "*",
    upstream: upstream === "" ? undefined : upstream,
    ahead: Number(/ahead (\d+)/.exec(track)?.[1] ?? 0),
    behind: Number(/behind (\d+)/.exec(track)?.[1] ?? 0),
    upstreamGone: track === "gone",
  }));
}

/** `git diff --numstat -z --no-renames`. */
export function parseDiffstat(output: string): FileDiff[] {
  return output
    .split("\0")
    .filter((record) => record !== "")
    .map((record) => {
      const [added = "-", removed = "-", ...path] = record.split("\t");
      return {
        path: path.join("\t"),
        added: added === "-" ? undefined : Number(added),
        removed: removed === "-" ? undefined : Number(removed),
      };
    });
}

/** `git config -z --get-regexp`: key, newline, value, NUL. */
export function parseRemotes(output: string): { name: string; url: string }[] {
  return output
    .split("\0")
    .filter((record) => record !== "")
    .map((record) => {
      const end = record.indexOf("\n");
      const key = end === -1 ? record : record.slice(0, end);
      const url = end === -1 ? "" : record.slice(end + 1);
      return { name: key.slice("remote.".length, -".url".length), url: stripUserInfo(url) };
    });
}

/**
 * A remote's address without what may be a credential: the part before "@" (tokens are put there), the query and
 * the fragment. Works on the forms git knows: URL, `user@host:path` and a plain path.
 */
export function stripUserInfo(url: string): string {
  const [address = ""] = url.split(/[?#]/, 1);
  const scheme = /^[A-Za-z][A-Za-z0-9+.-]*:\/\//.exec(address)?.[0];
  if (scheme !== undefined) {
    const rest = address.slice(scheme.length);
    const slash = rest.search(/[/\\]/);
    const authority = slash === -1 ? rest : rest.slice(0, slash);
    return scheme + authority.slice(authority.lastIndexOf("@") + 1) + (slash === -1 ? "" : rest.slice(slash));
  }
  const colon = address.indexOf(":");
  const host = colon === -1 ? "" : address.slice(0, colon);
  return host.includes("@") && !host.includes("/") ? address.slice(address.indexOf("@") + 1) : address;
}
