import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";

const root = fileURLToPath(new URL("../../../../../", import.meta.url));
const ContainerRow = z.object({ Service: z.string(), State: z.string(), Health: z.string(), ExitCode: z.number() });
export type ContainerRow = z.infer<typeof ContainerRow>;

export interface RunOptions {
  environment?: Record<string, string>;
  timeoutMs?: number;
  /** What it reads from stdin; nothing by default. */
  input?: string;
}

export interface ComposeProject {
  /** Runs one compose command to its end. Returns its stdout; throws with its output when it fails. */
  run(command: readonly string[], options?: RunOptions): Promise<string>;
  /** All containers, running or not. */
  list(): Promise<ContainerRow[]>;
  /** Containers, network, volume and image are gone afterwards. */
  remove(): Promise<void>;
}

/** The repository's docker-compose.yml as a project of its own, beside any that runs, without the developer's .env. */
export function openComposeProject(options: {
  program: string;
  socketPath: string;
  name: string;
  environment: Record<string, string>;
}): ComposeProject {
  const folder = mkdtempSync(join(tmpdir(), "sophia-project-"));
  // Asked more often how they are: at the interval of docker-compose.yml a test would mostly wait for the next question.
  const changes = "{ env_file: !reset [], healthcheck: { interval: 2s } }";
  const services = ["ai", "data", "infra", "bi"].map((id) => `  ${id}: ${changes}`);
  writeFileSync(join(folder, "override.yml"), ["services:", ...services, ""].join("\n"));
  writeFileSync(join(folder, "empty.env"), "");
  const files = ["-f", join(root, "docker-compose.yml"), "-f", join(folder, "override.yml")];
  const flags = ["--project-name", options.name, "--env-file", join(folder, "empty.env"), "--ansi", "never", ...files];
  const fixed = {
    PATH: process.env["PATH"] ?? "",
    HOME: folder,
    // Credential helpers of the developer's own Docker have no business here.
    DOCKER_CONFIG: folder,
    DOCKER_HOST: `unix://${options.socketPath}`,
    ...options.environment,
  };

  async function run(command: readonly string[], settings: RunOptions = {}): Promise<string> {
    const { environment = {}, timeoutMs = 60_000, input = "" } = settings;
    const child = spawn(options.program, [...flags, ...command], {
      cwd: root,
      env: { ...fixed, ...environment },
      stdio: "pipe",
      timeout: timeoutMs,
      killSignal: "SIGKILL",
    });
    // It may end without having read.
    child.stdin.once("error", () => {}).end(input);
    let stdout = "";
    let all = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      stdout += chunk;
      all += chunk;
    });
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => (all += chunk));
    const ending = await new Promise<number | NodeJS.Signals | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, signal) => resolve(code ?? signal));
    });
    if (ending === 0) return stdout;
    throw new Error(`compose ${command.join(" ")} ended with ${ending}:\n${all.slice(-6_000)}`);
  }

  return {
    run,
    async list() {
      const text = (await run(["ps", "--all", "--format", "json"])).trim();
      // One object a line up to 2.20 and since; an array in between.
      const rows: unknown = JSON.parse(text.startsWith("[") ? text : `[${text.split("\n").join(",")}]`);
      return z.array(ContainerRow).parse(rows);
    },
    async remove() {
      await run(["down", "--volumes", "--rmi", "all", "--timeout", "5"]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
