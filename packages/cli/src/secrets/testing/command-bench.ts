import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect } from "vitest";
import { type InProcessOptions, runInProcess } from "./run-in-process.ts";
import type { CommandResult } from "./run-secrets.ts";

type Options = Omit<InProcessOptions, "dataDir">;

export interface CommandBench {
  readonly folder: string;
  /** In the folder; not there before a command makes it. */
  readonly dataDir: string;
  run(words: readonly string[], options?: Options): Promise<CommandResult>;
  /** What the command prints. */
  succeed(words: readonly string[], options?: Options): Promise<string>;
  /** A program on its own, e.g. an editor. */
  writeScript(name: string, text: string): string;
}

/** A folder of its own for each test of this file, and commands on the data directory in it. */
export function useCommandBench(): CommandBench {
  let folder = "";
  beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "sophia-secrets-cli-"))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const dataDir = (): string => join(folder, "data");
  const run = (words: readonly string[], options: Options = {}): Promise<CommandResult> =>
    runInProcess(words, { dataDir: dataDir(), ...options });
  return {
    get folder() {
      return folder;
    },
    get dataDir() {
      return dataDir();
    },
    run,
    async succeed(words, options) {
      const result = await run(words, options);
      expect(result, result.stderr).toMatchObject({ code: 0 });
      return result.stdout;
    },
    writeScript(name, text) {
      const file = join(folder, name);
      writeFileSync(file, `#!/bin/sh\n${text}\n`);
      chmodSync(file, 0o755);
      return file;
    },
  };
}
