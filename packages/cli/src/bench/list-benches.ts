import { existsSync, globSync } from "node:fs";
import { basename, dirname, join } from "node:path";

export interface Bench {
  name: string;
  /** Absolute path of the script. */
  file: string;
  /** Its folder, when that has dependencies of its own (rivals). */
  packageFolder: string | undefined;
}

/** Every `bench/<name>.ts` of a workspace, by name. Two of one name would make the command ambiguous: that throws. */
export function listBenches(root: string): Bench[] {
  const files = ["packages", "servers"].flatMap((folder) => globSync(`${folder}/*/bench/*.ts`, { cwd: root })).sort();
  const benches = files
    .filter((file) => !file.endsWith(".test.ts"))
    .map((file) => {
      const folder = join(root, dirname(file));
      const packageFolder = existsSync(join(folder, "package.json")) ? folder : undefined;
      return { name: basename(file, ".ts"), file: join(root, file), packageFolder };
    });
  const names = benches.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`Two benchmarks are called ${twice}. Rename one of them.`);
  return benches;
}
