import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseCommits, parseDiffstat, parseRemotes, parseStatus, stripUserInfo } from "./git-output.ts";

const zeros = "0".repeat(40);

describe("parseStatus", () => {
  it("reads branch, distance and every kind of entry, with spaces in paths", () => {
    const output = [
      "# branch.oid 1234abcd",
      "# branch.head feature/one",
      "# branch.upstream origin/feature/one",
      "# branch.ab +2 -3",
      `1 .M N... 100644 100644 100644 ${zeros} ${zeros} a file.txt`,
      `1 A. N... 000000 100644 100644 ${zeros} ${zeros} new.txt`,
      `2 R. N... 100644 100644 100644 ${zeros} ${zeros} R100 to.txt`,
      "? from.txt",
      `u UU N... 100644 100644 100644 100644 ${zeros} ${zeros} ${zeros} both.txt`,
      "? left over/",
      "",
    ].join("\0");
    expect(parseStatus(output)).toEqual({
      branch: "feature/one",
      head: "1234abcd",
      upstream: "origin/feature/one",
      ahead: 2,
      behind: 3,
      files: [
        { path: "a file.txt", change: "modified", staged: false },
        { path: "new.txt", change: "added", staged: true },
        { path: "to.txt", change: "renamed", staged: true },
        { path: "both.txt", change: "conflicted", staged: false },
        { path: "left over/", change: "untracked", staged: false },
      ],
    });
  });

  it("knows a detached head and an empty repository", () => {
    expect(parseStatus("# branch.oid (initial)\0# branch.head (detached)\0")).toMatchObject({
      branch: undefined,
      head: undefined,
      ahead: undefined,
    });
  });

  it("never throws and never loses an untracked path", () => {
    const path = fc.string({ minLength: 1 }).filter((text) => !text.includes("\0"));
    fc.assert(
      fc.property(fc.array(path), (paths) => {
        const output = paths.map((file) => `? ${file}\0`).join("");
        expect(parseStatus(output).files.map((file) => file.path)).toEqual(paths);
      }),
    );
  });
});

describe("parseCommits", () => {
  it("keeps a subject that looks like a separator", () => {
    expect(parseCommits("aa\0Ann\x001700000000\0fix: a\tb | c\0\nbb\0Bob\x001700000001\0next\0\n")).toEqual([
      { id: "aa", author: "Ann", committedAt: 1_700_000_000_000, subject: "fix: a\tb | c" },
      { id: "bb", author: "Bob", committedAt: 1_700_000_001_000, subject: "next" },
    ]);
  });
});

describe("parseDiffstat", () => {
  it("tells binary files from text", () => {
    expect(parseDiffstat("3\t1\ta\tb.txt\0-\t-\timage.png\0")).toEqual([
      { path: "a\tb.txt", added: 3, removed: 1 },
      { path: "image.png", added: undefined, removed: undefined },
    ]);
  });
});

describe("stripUserInfo", () => {
  it.each([
    ["https://user:ghp_secret@github.com/a/b.git", "https://github.com/a/b.git"],
    ["https://x@y@host/p", "https://host/p"],
    ["https://host/p?token=s#f", "https://host/p"],
    ["ssh://git:pw@host:22/p", "ssh://host:22/p"],
    ["git@github.com:a/b.git", "github.com:a/b.git"],
    ["user:pa/ss@host:p", "user:pa/ss@host:p"],
    ["/srv/a@b/c.git", "/srv/a@b/c.git"],
    ["../sibling", "../sibling"],
    ["https://only:secret@host", "https://host"],
  ])("%s → %s", (url, shown) => {
    expect(stripUserInfo(url)).toBe(shown);
  });

  it("never shows the user part of a URL", () => {
    const word = fc.stringMatching(/^[a-zA-Z0-9_.~-]{8,20}$/);
    fc.assert(
      fc.property(word, word, word, (user, password, host) => {
        fc.pre(!host.includes(password) && !host.includes(user));
        const shown = stripUserInfo(`https://${user}:${password}@${host}/path`);
        expect(shown).toBe(`https://${host}/path`);
      }),
    );
  });
});

describe("parseRemotes", () => {
  it("reads names with dots and strips credentials", () => {
    expect(parseRemotes("remote.my.fork.url\nhttps://t0ken@host/a\0remote.empty.url\0")).toEqual([
      { name: "my.fork", url: "https://host/a" },
      { name: "empty", url: "" },
    ]);
  });
});
