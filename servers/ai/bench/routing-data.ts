// The rows of BENCH_DATA/routing: prompts and whether a weak and a strong model answered them rightly.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

export interface RoutingRow {
  prompt: string;
  /** The file it is from: what it is about. No router is told. */
  subject: string;
  weak: number;
  strong: number;
}

/** All files of one folder as one list, in the order of their names; empty when there is none. */
export async function readRoutingRows(dataFolder: string): Promise<{ rows: RoutingRow[]; files: number }> {
  const folder = join(dataFolder, "routing");
  const names = await readdir(folder).catch(() => []);
  const files = names.filter((name) => /^mmlu_.*\.csv$/.test(name)).toSorted();
  const rows: RoutingRow[] = [];
  for (const file of files) {
    const [, ...lines] = parseCsv(await readFile(join(folder, file), "utf8"));
    for (const [prompt = "", weak, strong] of lines) {
      if (weak !== undefined && strong !== undefined)
        rows.push({ prompt, subject: file, weak: toScore(weak), strong: toScore(strong) });
    }
  }
  return { rows, files: files.length };
}

function toScore(cell: string): number {
  return cell.trim().toLowerCase() === "true" || cell.trim() === "1" ? 1 : 0;
}

/** RFC 4180: quoted cells may hold commas, line ends and doubled quotes. */
export function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  for (const [whole, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/g)) {
    if (whole === "" && row.length === 0) continue;
    row.push(quoted === undefined ? (plain ?? "") : quoted.replaceAll('""', '"'));
    if (end === ",") continue;
    rows.push(row);
    row = [];
  }
  return rows;
}
