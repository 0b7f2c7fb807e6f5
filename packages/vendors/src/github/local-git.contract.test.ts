import { execFileSync } from "node:child_process";
import { mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createLocalGit } from "./local-git.ts";
import { resolveRoots } from "./repository-path.ts";

let folder: string;

function run(cwd: string, ...call: string[]): void {
  execFileSync(
    "git",
    ["-c", "user.name=Ann", "-c", "user.email=ann@example.org", "-c", "protocol.file.allow=always", ...call],
    {
      cwd,
      env: { PATH: "/usr/local/bin:/usr/bin:/bin", HOME: cwd, GIT_CONFIG_NOSYSTEM: "1" },
      stdio: "pipe",
    },
  );
}

async function commit(cwd: string, file: string, subject: string): Promise<void> {
  await writeFile(join(cwd, file), `${subject}\n`);
  run(cwd, "add", file);
  run(cwd, "commit", "-q", "-m", subject);
}

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "sophia-git-")));
  run(folder, "init", "-q", "-b", "main", "origin");
  const origin = join(folder, "origin");
  await commit(origin, "a.txt", "first");
  run(folder, "clone", "-q", origin, "clone");
  const clone = join(folder, "clone");
  await commit(origin, "b.txt", "theirs");
  await commit(clone, "c.txt", "ours");
  run(clone, "fetch", "-q");
  run(clone, "branch", "done");
  run(clone, "checkout", "-q", "-b", "open");
  await commit(clone, "d.txt", "unmerged work");
  run(clone, "checkout", "-q", "main");
  run(clone, "remote", "set-url", "origin", "https://bot:ghp_canary0123456789@github.com/acme/app.git");
  await writeFile(join(clone, "a.txt"), "changed\n");
  await writeFile(join(clone, "big.bin"), Buffer.alloc(200_000));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe("a real repository", () => {
  it("reports distance, work and branches", async () => {
    const git = createLocalGit({ roots: [folder] });
    const path = join(folder, "clone");
    expect(await git.status(path)).toMatchObject({
      branch: "main",
      upstream: "origin/main",
      ahead: 1,
      behind: 1,
      files: [
        { path: "a.txt", change: "modified", staged: false },
        { path: "big.bin", change: "untracked", staged: false },
      ],
    });
    const { base, branches } = await git.branches(path);
    expect(base).toBe("main");
    expect(Object.fromEntries(branches.map((branch) => [branch.name, branch.merged]))).toEqual({
      main: true,
      done: true,
      open: false,
    });
    expect((await git.commits(path, { reference: "open", limit: 2 })).map((entry) => entry.subject)).toEqual([
      "unmerged work",
      "ours",
    ]);
    expect(await git.diffstat(path, { from: "main", to: "open" })).toEqual([{ path: "d.txt", added: 1, removed: 0 }]);
    expect((await git.untracked(path))[0]).toEqual({ path: "big.bin", bytes: 200_000 });
    expect(await git.remotes(path)).toEqual([{ name: "origin", url: "https://github.com/acme/app.git" }]);
  });

  it("reads a repository that has no commit yet", async () => {
    run(folder, "init", "-q", "-b", "main", "fresh");
    const git = createLocalGit({ roots: [join(folder, "fresh")] });
    const path = join(folder, "fresh");
    expect(await git.status(path)).toMatchObject({ branch: "main", head: undefined, files: [] });
    expect(await git.commits(path)).toEqual([]);
    expect(await git.branches(path)).toEqual({ base: undefined, branches: [] });
    expect(await git.diffstat(path)).toEqual([]);
    expect(await git.remotes(path)).toEqual([]);
  });

  it("finds the repository around the working directory when none is configured", async () => {
    expect(await resolveRoots([], join(folder, "clone", ".git"))).toEqual([join(folder, "clone")]);
    expect(await resolveRoots([join(folder, "missing"), folder], "/")).toEqual([folder]);
  });
});
