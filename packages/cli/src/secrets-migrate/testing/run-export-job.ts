import { spawn } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parse } from "yaml";

interface ExportJob {
  workflow: string;
  job: string;
  secrets: Readonly<Record<string, string>>;
  /** Stands for the runner's temporary folder. */
  temp: string;
  /** Instead of the secrets as JSON. */
  rawJson?: string;
}

interface WorkflowFile {
  jobs: Record<string, { steps: { run?: string; shell?: string; env?: Record<string, string> }[] } | undefined>;
}

/** Runs the steps of one job as GitHub's runner would: expressions put in, each script in a file, bash with its flags. */
export async function runExportJob(job: ExportJob): Promise<{ output: string; commandLines: string[] }> {
  const steps = (parse(job.workflow) as WorkflowFile).jobs[job.job]?.steps ?? [];
  let output = "";
  const commandLines: string[] = [];
  for (const [index, { run, env = {} }] of steps.entries()) {
    if (run === undefined) continue;
    const script = join(job.temp, `step-${index}.sh`);
    writeFileSync(script, run);
    const variables = Object.entries(env).map(([name, text]) => [name, evaluate(String(text), job)] as const);
    const child = spawn("bash", ["--noprofile", "--norc", "-eo", "pipefail", script], {
      env: { PATH: `${dirname(process.execPath)}:/usr/bin:/bin`, ...Object.fromEntries(variables) },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const take = (chunk: Buffer): void => void (output += chunk.toString());
    child.stdout.on("data", take);
    child.stderr.on("data", take);
    const timer = setInterval(() => commandLines.push(...readCommandLines()), 20);
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", resolve);
    });
    clearInterval(timer);
    if (code !== 0) throw new Error(`step ${index} ended with ${code}: ${output}`);
  }
  return { output, commandLines };
}

/** In one pass: GitHub does not look for expressions in what an expression gave. */
function evaluate(text: string, { secrets, temp, rawJson }: ExportJob): string {
  return text.replaceAll(/\$\{\{ (.*?) \}\}/g, (whole, expression: string) => {
    if (expression === "runner.temp") return temp;
    if (expression === "toJSON(secrets)") return rawJson ?? JSON.stringify(secrets, undefined, 2);
    return expression.startsWith("secrets.") ? (secrets[expression.slice("secrets.".length)] ?? "") : whole;
  });
}

/** What `ps` would show of every process of this machine. */
function readCommandLines(): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8");
      } catch {
        return "";
      }
    });
}
