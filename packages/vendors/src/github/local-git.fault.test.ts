import { execFileSync } from "node:child_process";
import { access, chmod, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createLocalGit } from "./local-git.ts";
import type { LocalGit } from "./local-git.ts";

/** Faults 89 (path traversal) and 90 (argument injection) on a real repository that tries to run programs. */
let folder: string;
let marker: string;
let git: LocalGit;

function run(cwd: string, ...call: string[]): void {
  execFileSync("git", ["-c", "user.name=Test", "-c", "user.email=test@example.org", ...call], {
    cwd,
    env: { PATH: "/usr/local/bin:/usr/bin:/bin", HOME: cwd, GIT_CONFIG_NOSYSTEM: "1" },
    stdio: "pipe",
  });
}

async function makeRepository(path: string): Promise<void> {
  await mkdir(path, { recursive: true });
  run(path, "init", "-q", "-b", "main");
  await writeFile(join(path, "tracked.txt"), "one\n");
  run(path, "add", ".");
  run(path, "commit", "-q", "-m", "first");
}

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "sophia-git-")));
  marker = join(folder, "marker");
  await makeRepository(join(folder, "open", "project"));
  await makeRepository(join(folder, "open-not", "sibling"));
  await makeRepository(join(folder, "secret"));
  await symlink(join(folder, "secret"), join(folder, "open", "link"));
  await mkdir(join(folder, "open", "pointer"));
  await writeFile(join(folder, "open", "pointer", ".git"), `gitdir: ${join(folder, "secret", ".git")}\n`);
  git = createLocalGit({ roots: [join(folder, "open")] });
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

function inside(): RegExp {
  return new RegExp(`^${folder.replaceAll(/[.+]/g, "\\$&")}/open(?:/|$)`);
}

async function markerExists(): Promise<boolean> {
  return access(marker).then(
    () => true,
    () => false,
  );
}

describe("fault 89: a path outside the allowed root", () => {
  it.each([
    ["parent steps", () => `${folder}/open/../secret`],
    ["an absolute path elsewhere", () => join(folder, "secret")],
    ["a sibling whose name begins the same", () => join(folder, "open-not", "sibling")],
    ["a symbolic link that leads out", () => join(folder, "open", "link")],
    ["a .git file that points out", () => join(folder, "open", "pointer")],
    ["encoded parent steps", () => `${folder}/open/%2e%2e/secret`],
    ["a path that does not exist", () => join(folder, "open", "nothing")],
    ["the root of the machine", () => "/"],
  ])("refuses %s", async (_name, path) => {
    await expect(git.status(path())).rejects.toMatchObject({ kind: "denied" });
  });

  it.each([
    ["a NUL byte", () => `${folder}/open/project\0/../../secret`],
    ["a line break", () => `${folder}/open/project\n`],
    ["an empty path", () => ""],
    ["an option", () => "--upload-pack=/bin/sh"],
  ])("refuses %s", async (_name, path) => {
    await expect(git.status(path())).rejects.toMatchObject({ kind: "invalid_input" });
  });

  it("never resolves to a place outside, whatever the segments", async () => {
    const segment = fc.constantFrom(
      "..",
      ".",
      "",
      "open",
      "open-not",
      "sibling",
      "project",
      "secret",
      "link",
      "pointer",
      ".git",
      "%2e%2e",
    );
    await fc.assert(
      fc.asyncProperty(fc.array(segment, { maxLength: 8 }), async (segments) => {
        const found = await git.resolve([folder, "open", ...segments].join("/")).catch(() => undefined);
        if (found !== undefined)
          expect([found.workTree, found.gitDirectory]).toEqual([
            expect.stringMatching(inside()),
            expect.stringMatching(inside()),
          ]);
      }),
      { numRuns: 300 },
    );
  });

  it("lists only what lies inside", async () => {
    expect((await git.repositories()).map((repository) => repository.name)).toEqual(["project"]);
  });
});

describe("fault 90: a value that wants to be an option or a command", () => {
  it.each(["--output=/tmp/x", "-O/bin/sh", "--upload-pack=sh", "", "main\n--all", "a\0b"])(
    "refuses %j",
    async (value) => {
      const path = join(folder, "open", "project");
      await expect(git.commits(path, { reference: value })).rejects.toMatchObject({ kind: "invalid_input" });
      await expect(git.diffstat(path, { from: value })).rejects.toMatchObject({ kind: "invalid_input" });
    },
  );

  it.each(["; touch MARK", "$(touch MARK)", "`touch MARK`", "| touch MARK", "HEAD && touch MARK"])(
    "runs no shell for %j",
    async (value) => {
      const hostile = value.replace("MARK", marker);
      await expect(git.commits(join(folder, "open", "project"), { reference: hostile })).rejects.toMatchObject({
        kind: "upstream",
      });
      expect(await markerExists()).toBe(false);
    },
  );
});

describe("a hostile repository", () => {
  const path = (): string => join(folder, "open", "project");

  beforeAll(async () => {
    const program = join(folder, "program.sh");
    await writeFile(program, `#!/bin/sh\necho "$0 $*" >> '${marker}'\ncat\n`);
    await chmod(program, 0o755);
    const hooks = join(path(), ".git", "hooks");
    await mkdir(hooks, { recursive: true });
    for (const hook of [
      "post-index-change",
      "fsmonitor-watchman",
      "reference-transaction",
      "pre-commit",
      "post-checkout",
    ]) {
      await symlink(program, join(hooks, hook));
    }
    const settings: [string, string][] = [
      ["core.fsmonitor", program],
      ["core.hooksPath", hooks],
      ["core.pager", program],
      ["core.sshCommand", program],
      ["core.worktree", join(folder, "secret")],
      ["diff.external", program],
      ["diff.custom.textconv", program],
      ["diff.custom.command", program],
      ["filter.evil.clean", program],
      ["filter.evil.smudge", program],
      ["filter.a=b.clean", program],
      ["filter.a=b.required", "true"],
      ["gpg.program", program],
      ["log.showSignature", "true"],
      ["pager.status", "true"],
      ["pager.log", "true"],
      ["protocol.ext.allow", "always"],
      ["remote.origin.url", `ext::sh -c ${program}`],
      ["remote.origin.promisor", "true"],
      ["extensions.partialClone", "origin"],
      ["alias.status", `!${program}`],
      ["credential.helper", `!${program}`],
    ];
    for (const [key, value] of settings) run(path(), "config", "--local", key, value);
    await writeFile(join(path(), ".gitattributes"), "*.txt diff=custom filter=evil\n*.md filter=a=b diff=custom\n");
    await writeFile(join(path(), "tracked.txt"), "two\n");
    await writeFile(join(path(), "note.md"), "text\n");
    await rm(marker, { force: true });
  });

  it("would run its programs under a plain git (the trap is armed)", async () => {
    run(path(), "--no-pager", "diff", "--stat");
    expect(await markerExists()).toBe(true);
    await rm(marker);
  });

  it("runs none of its programs, whatever is asked", async () => {
    const status = await git.status(path());
    expect(status.files.map((file) => file.path)).toEqual(["tracked.txt", ".gitattributes", "note.md"]);
    expect((await git.commits(path())).map((commit) => commit.subject)).toEqual(["first"]);
    expect((await git.branches(path())).branches.map((branch) => branch.name)).toEqual(["main"]);
    expect(await git.diffstat(path())).toEqual([{ path: "tracked.txt", added: 1, removed: 1 }]);
    expect((await git.untracked(path())).map((file) => file.path)).toEqual([".gitattributes", "note.md"]);
    expect(await git.remotes(path())).toHaveLength(1);
    // A missing object must not be fetched through the "ext" transport either.
    await expect(git.commits(path(), { reference: "1".repeat(40) })).rejects.toMatchObject({ kind: "upstream" });
    expect(await markerExists()).toBe(false);
  });
});

describe("limits", () => {
  it("cuts off a git that does not end", async () => {
    const slow = join(folder, "slow.sh");
    await writeFile(slow, "#!/bin/sh\nexec sleep 30\n");
    await chmod(slow, 0o755);
    const impatient = createLocalGit({ roots: [join(folder, "open")], executable: slow, timeoutMs: 200 });
    await expect(impatient.remotes(join(folder, "open", "project"))).rejects.toMatchObject({ kind: "timeout" });
  });

  it("refuses an answer above the cap", async () => {
    const small = createLocalGit({ roots: [join(folder, "open")], maximumOutputBytes: 10 });
    await expect(small.commits(join(folder, "open", "project"))).rejects.toMatchObject({
      kind: "upstream",
      retryable: false,
    });
  });

  it("says what to install when git is missing", async () => {
    const missing = createLocalGit({ roots: [join(folder, "open")], executable: join(folder, "no-git") });
    await expect(missing.remotes(join(folder, "open", "project"))).rejects.toMatchObject({ kind: "not_configured" });
  });
});
