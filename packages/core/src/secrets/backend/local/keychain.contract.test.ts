import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findKeychain, type Keychain } from "./keychain.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sophia-keychain-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function install(program: string, script: string): void {
  writeFileSync(join(folder, program), `#!/bin/sh\necho "$0 $*" >> "${folder}/argv"\n${script}`);
  chmodSync(join(folder, program), 0o700);
}

function find(platform: NodeJS.Platform): Keychain | undefined {
  return findKeychain({ platform, environment: { PATH: `${folder}:${process.env["PATH"]}`, HOME: folder } });
}

/** As libsecret's own program behaves: an entry that is not there is silent. */
const secretTool = `
case "$1" in
  store) cat > "${"$"}{0%/*}/entry" ;;
  lookup) [ -f "${"$"}{0%/*}/entry" ] && cat "${"$"}{0%/*}/entry" || exit 1 ;;
  clear) rm -f "${"$"}{0%/*}/entry" ;;
esac
`;

/** As macOS's own program behaves: \`-i\` reads commands from stdin, an unknown entry is 44. */
const security = `
case "$1" in
  -i) sed -n 's/.* -w //p' > "${"$"}{0%/*}/entry" ;;
  find-generic-password) [ -f "${"$"}{0%/*}/entry" ] && cat "${"$"}{0%/*}/entry" || exit 44 ;;
  delete-generic-password) rm -f "${"$"}{0%/*}/entry" ;;
esac
`;

describe("the operating system's keychain, by programs that stand in for it", () => {
  it.each([
    { platform: "linux" as const, program: "secret-tool", script: secretTool },
    { platform: "darwin" as const, program: "security", script: security },
  ])("keeps a secret on $platform without showing it in a command line", async ({ platform, program, script }) => {
    install(program, script);
    const keychain = find(platform);
    expect(await keychain?.read("sophia-1")).toBeUndefined();
    await keychain?.write("sophia-1", "s3cret-key");
    expect(await keychain?.read("sophia-1")).toBe("s3cret-key");
    expect(readFileSync(join(folder, "argv"), "utf8")).not.toContain("s3cret-key");
    await keychain?.remove("sophia-1");
    expect(await keychain?.read("sophia-1")).toBeUndefined();
  });

  it("tells locked from empty", async () => {
    install("secret-tool", 'echo "Cannot autolaunch D-Bus" >&2; exit 1\n');
    await expect(find("linux")?.read("sophia-1")).rejects.toMatchObject({ kind: "unavailable" });
    await expect(find("linux")?.write("sophia-1", "x")).rejects.toMatchObject({ kind: "unavailable" });
    install("security", "exit 36\n");
    await expect(find("darwin")?.read("sophia-1")).rejects.toMatchObject({ kind: "unavailable" });
  });

  it("is not looked for where there is none", () => {
    expect(findKeychain({ platform: "linux", environment: { PATH: folder } })).toBeUndefined();
    expect(findKeychain({ platform: "win32", environment: { PATH: folder } })).toBeUndefined();
  });
});
