import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { systemClock } from "../../../limits/clock.ts";
import { diskFolder } from "../../../testing/disk-folder.ts";
import { toPlainJson } from "../../esc/to-json.ts";
import type { EscValue } from "../../esc/value.ts";
import { createKeyring } from "../local/keyring.ts";
import { createLocalBackend } from "../local/local-backend.ts";
import type { OpenedEnvironment } from "../secret-backend.ts";
import { createOpenProviders, type OpenProvidersOptions } from "./open-providers.ts";

const token = "canary-token-5tG8";
let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(diskFolder, "sophia-providers-"));
  mkdirSync(join(folder, "bin"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A real program on the PATH in the vendor's place; notes its command line and its environment. */
function install(program: string, script: string): void {
  const path = join(folder, "bin", program);
  writeFileSync(path, `#!/bin/sh\necho "$*" >> "${folder}/argv"\nenv >> "${folder}/env"\n${script}`);
  chmodSync(path, 0o700);
}

function noted(file: "argv" | "env"): string {
  return readFileSync(join(folder, file), "utf8");
}

async function open(yaml: string, options: Partial<OpenProvidersOptions> = {}): Promise<OpenedEnvironment> {
  const environment = { PATH: `${join(folder, "bin")}:${process.env["PATH"]}`, HOME: folder, AMBIENT_TOKEN: "ambient" };
  const findProvider = createOpenProviders({ environment, ...options });
  const backend = createLocalBackend({
    folder: join(folder, "store"),
    keyring: createKeyring(Buffer.alloc(32, 2)),
    author: "ada",
    clock: systemClock,
    providers: { findProvider },
  });
  return await backend.openYaml(yaml);
}

function plain(opened: OpenedEnvironment, name = "out"): unknown {
  expect(opened.diagnostics).toEqual([]);
  const value = opened.environment?.properties.get(name);
  expect(value).toBeDefined();
  return JSON.parse(JSON.stringify(toPlainJson(value as EscValue, { reveal: true })));
}

describe("fn::open on this machine", () => {
  it("reads from 1Password, its token neither in a command line nor in a message", async () => {
    install("op", `[ "$OP_SERVICE_ACCOUNT_TOKEN" = ${token} ] && printf 'value of %s' "$3"`);
    const opened = await open(`
values:
  out:
    fn::open::1password-secrets:
      login: { serviceAccountToken: { fn::secret: ${token} } }
      get: { apiKey: { ref: "op://dev/Stripe/key" } }
`);
    expect(plain(opened)).toEqual({ apiKey: "value of op://dev/Stripe/key" });
    expect(opened.environment?.properties.get("out")).toMatchObject({ secret: true });
    expect(noted("argv")).toBe("read --no-newline op://dev/Stripe/key\n");
    expect(noted("env")).not.toContain("ambient");
  });

  it("reads from Vault, through a login that hands its token on", async () => {
    install(
      "vault",
      `[ "$VAULT_TOKEN" = ${token} ] && echo '{"data":{"data":{"user":"u","password":"p"},"metadata":{"version":1}}}'`,
    );
    const opened = await open(`
values:
  login:
    fn::open::vault-login: { address: "https://127.0.0.1:8200/", token: { token: { fn::secret: ${token} } } }
  out:
    fn::open::vault-secrets:
      login: \${login}
      read:
        whole: { path: secret/data/shop }
        one: { path: secret/data/shop, field: password }
`);
    expect(plain(opened)).toEqual({
      whole: { data: { user: "u", password: "p" }, metadata: { version: 1 } },
      one: "p",
    });
    expect(noted("argv")).not.toContain(token);
    expect(noted("env")).toContain("VAULT_ADDR=https://127.0.0.1:8200/");
  });

  it("reads from AWS with the login it is given, and with no other", async () => {
    install("aws", `[ "$AWS_SECRET_ACCESS_KEY" = ${token} ] && echo '{"SecretString":"from aws"}'`);
    const opened = await open(`
values:
  login:
    fn::open::aws-login: { static: { accessKeyId: AKIA1, secretAccessKey: { fn::secret: ${token} } } }
  out:
    fn::open::aws-secrets:
      region: eu-west-1
      login: \${login}
      get: { db: { secretId: --profile=root, versionStage: AWSPREVIOUS } }
`);
    expect(plain(opened)).toEqual({ db: "from aws" });
    expect(noted("argv")).toBe(
      "secretsmanager get-secret-value --output=json --region=eu-west-1 --secret-id=--profile=root --version-stage=AWSPREVIOUS\n",
    );
    expect(noted("env")).toContain("AWS_SHARED_CREDENTIALS_FILE=/dev/null");
  });

  it("says what to install, and why a program did not give a value, without a word of what it said", async () => {
    const text = `values: { out: { fn::open::1password-secrets: { login: { serviceAccountToken: ${token} }, get: { a: { ref: "op://x/y" } } } } }`;
    const absent = await open(text, { environment: { PATH: join(folder, "bin") } });
    expect(absent.environment).toBeUndefined();
    expect(JSON.stringify(absent.diagnostics)).toContain("op is not installed");
    install("op", `echo "bad token $OP_SERVICE_ACCOUNT_TOKEN" >&2; exit 3`);
    const refused = await open(text);
    expect(JSON.stringify(refused.diagnostics)).toContain("op did not give the value of a");
    expect(JSON.stringify(refused.diagnostics)).not.toContain(token);
    install("op", "head -c 3000000 /dev/zero");
    expect(JSON.stringify((await open(text)).diagnostics)).toContain("more than");
  });

  it("ends a program, and what it started, when nobody waits for it any more", async () => {
    install("op", `sleep 60 & echo $! > "${folder}/pid"; wait`);
    const provider = createOpenProviders({ environment: { PATH: `${join(folder, "bin")}:/usr/bin:/bin` } })(
      "1password-secrets",
    );
    const text = (value: string): EscValue => ({ value, trace: { def: { begin: at, end: at } } });
    const at = { line: 0, column: 0, byte: 0 };
    const map = (entries: [string, EscValue][]): EscValue => ({ ...text(""), value: new Map(entries) });
    const inputs = new Map([
      ["login", map([["serviceAccountToken", text(token)]])],
      ["get", map([["a", map([["ref", text("op://x/y")]])]])],
    ]);
    const context = { values: new Map<string, EscValue>(), rootEnvironment: "", currentEnvironment: "" };
    const opening = provider?.open(inputs, { ...context, signal: AbortSignal.timeout(500) });
    await expect(opening).rejects.toMatchObject({ kind: "timeout" });
    const pid = Number(readFileSync(join(folder, "pid"), "utf8"));
    await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow("ESRCH"), { timeout: 5_000 });
  });

  it("reads variables of this process only as far as the operator allows it", async () => {
    const text = "values: { out: { fn::open::environment-variables: { get: { a: AMBIENT_TOKEN } } } }";
    expect(JSON.stringify((await open(text)).diagnostics)).toContain("may not read");
    expect(plain(await open(text, { allowedVariables: ["AMBIENT_*"] }))).toEqual({ a: "ambient" });
    expect(plain(await open(text, { allowedVariables: ["AMBIENT_TOKEN"] }))).toEqual({ a: "ambient" });
    expect((await open(text, { allowedVariables: ["AMBIENT"] })).environment).toBeUndefined();
  });

  it("reads files only below folders that the operator allows, links followed first", async () => {
    const allowed = join(folder, "allowed");
    mkdirSync(allowed);
    writeFileSync(join(allowed, "certificate"), "PEM\n");
    writeFileSync(join(folder, "outside"), "canary");
    symlinkSync(join(folder, "outside"), join(allowed, "link"));
    symlinkSync(folder, join(allowed, "folder"));
    const read = (path: string, allowedFolders: string[]): Promise<OpenedEnvironment> =>
      open(`values: { out: { fn::open::files: { get: { a: "${path}" } } } }`, { allowedFolders });
    const opened = await read(join(allowed, "certificate"), [allowed]);
    expect(plain(opened)).toEqual({ a: "PEM\n" });
    expect(opened.environment?.properties.get("out")).toMatchObject({ secret: true });
    for (const path of [
      "/etc/passwd",
      join(allowed, "link"),
      `${allowed}/../outside`,
      `${allowed}/folder/outside`,
      `${allowed}-not`,
      allowed,
      "relative",
    ]) {
      const refused = await read(path, [allowed]);
      expect(refused.environment, path).toBeUndefined();
      expect(JSON.stringify(refused.diagnostics)).not.toContain("canary");
    }
    expect((await read(join(allowed, "certificate"), [])).environment).toBeUndefined();
    expect((await read("/dev/zero", ["/dev"])).environment).toBeUndefined();
  });

  it("never reads our own keys, nor what the system tells this process, whatever folder is allowed", async () => {
    const data = join(folder, "data");
    mkdirSync(data);
    writeFileSync(join(data, "key"), "canary");
    writeFileSync(join(folder, "credential"), "canary");
    symlinkSync(data, join(folder, "data-link"));
    const refusedFiles = [join(folder, "data-link"), join(folder, "credential")];
    for (const path of [
      join(data, "key"),
      join(folder, "data-link", "key"),
      join(folder, "credential"),
      "/proc/self/environ",
    ]) {
      const text = `values: { out: { fn::open::files: { get: { a: "${path}" } } } }`;
      const refused = await open(text, { allowedFolders: ["/"], refusedFiles });
      expect(refused.environment, path).toBeUndefined();
      expect(JSON.stringify(refused.diagnostics)).toContain("may not be read here");
    }
  });
});
