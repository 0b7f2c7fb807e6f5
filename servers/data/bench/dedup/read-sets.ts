import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { LeadRecord } from "../../src/leads/lead-record.ts";
import { fieldOfColumn } from "../../src/leads/read-lead-table.ts";

export interface DocumentSet {
  name: string;
  documents: { id: string; text: string }[];
  /** Lines of the truth: ids of documents that are one. */
  truth: string[][];
}

export interface LeadSet {
  name: string;
  records: LeadRecord[];
  truth: string[][];
}

/** Each `NAME.train[.gz]` (a line: id, space, text) with its `NAME.truth` (a line: ids of one document). */
export async function readDocumentSets(directory: string): Promise<DocumentSet[]> {
  const sets: DocumentSet[] = [];
  for (const file of await filesIn(directory, /\.train(?:\.gz)?$/)) {
    const name = file.replace(/\.train(?:\.gz)?$/, "");
    const lines = (await readText(join(directory, file))).split("\n").filter((line) => line.trim() !== "");
    const truth = await readText(join(directory, `${name}.truth`));
    sets.push({
      name,
      documents: lines.map((line) => {
        const end = /\s/.exec(line)?.index ?? line.length;
        return { id: line.slice(0, end), text: line.slice(end + 1) };
      }),
      truth: truth
        .split("\n")
        .map((line) => line.split(/[\s,]+/).filter(Boolean))
        .filter((ids) => ids.length > 1),
    });
  }
  return sets;
}

/** Each `NAME.csv[.gz]` with a column that tells whose record it is: `rec-12-dup-0`, or a "true id" or cluster. */
export async function readLeadSets(directory: string): Promise<LeadSet[]> {
  const sets: LeadSet[] = [];
  for (const file of await filesIn(directory, /\.csv(?:\.gz)?$/)) {
    const [header = [], ...rows] = parseCsv(await readText(join(directory, file)));
    const subjectColumn = header.findIndex((name) =>
      /^rec_?id$|^(?:true|cluster|entity|match|group)[ _-]?id$/i.test(name),
    );
    if (subjectColumn === -1) continue;
    const subjects = new Map<string, string[]>();
    const records = rows.map((row, index) => {
      const id = String(index);
      const value = row[subjectColumn] ?? "";
      const subject = /^rec-\d+/.exec(value)?.[0] ?? value;
      if (subject !== "") subjects.set(subject, [...(subjects.get(subject) ?? []), id]);
      return toRecord(id, header, row);
    });
    sets.push({
      name: file.replace(/\.csv(?:\.gz)?$/, ""),
      records,
      truth: [...subjects.values()].filter((ids) => ids.length > 1),
    });
  }
  return sets;
}

/** The first column of a field counts. */
function toRecord(id: string, header: readonly string[], row: readonly string[]): LeadRecord {
  const record: LeadRecord = { id };
  for (const [index, column] of header.entries()) {
    const field = fieldOfColumn(column);
    if (field !== undefined) record[field] ??= row[index] ?? "";
  }
  return record;
}

async function filesIn(directory: string, pattern: RegExp): Promise<string[]> {
  try {
    return (await readdir(directory)).filter((file) => pattern.test(file)).toSorted();
  } catch {
    return [];
  }
}

async function readText(path: string): Promise<string> {
  const bytes = await readFile(path);
  return (path.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8");
}

/** RFC 4180, spaces around fields dropped. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  for (const [, quoted, bare = "", end] of text.matchAll(/ *(?:"((?:[^"]|"")*)" *|([^,\n]*))(,|\r?\n|$)/g)) {
    row.push((quoted?.replaceAll('""', '"') ?? bare).trim());
    if (end === ",") continue;
    if (row.some((field) => field !== "")) rows.push(row);
    row = [];
  }
  return rows;
}
