import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";

/** A program on `path`, absolute. Relative entries of a PATH are passed over: they mean whatever folder one is in. */
export function findExecutable(program: string, path: string | undefined): string | undefined {
  return (path ?? "")
    .split(delimiter)
    .filter((folder) => folder.startsWith("/"))
    .map((folder) => join(folder, program))
    .find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
