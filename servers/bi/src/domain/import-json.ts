import { createReadStream, createWriteStream } from "node:fs";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { finished } from "node:stream/promises";
import type { DuckDBConnection } from "@duckdb/node-api";
import { AppError } from "@sophia/core/errors/app-error";
import type { LoadedFile } from "./import-csv.ts";
import { literal } from "./sql-text.ts";
import type { RejectedLine } from "./table-profile.ts";

const maxObjectBytes = 64 << 20;
const shownRejects = 5;

/** Reads JSON (an array of objects) or NDJSON (one object a line) into `target.main.data`. */
export async function loadJson(connection: DuckDBConnection, path: string): Promise<LoadedFile> {
  try {
    await readJson(connection, path);
    return {
      guesses: [{ what: "format", guess: "JSON, all values of the file looked at for types" }],
      rejectedRows: 0,
      rejectedExamples: [],
    };
  } catch (cause) {
    const clean = `${path}.clean`;
    const kept = await keepValidLines(path, clean);
    // An array of objects cannot be read line by line: then the file as a whole is broken.
    if (kept.valid === 0 || kept.rejectedRows > kept.valid) {
      throw new AppError("invalid_input", "The file is not valid JSON.", {
        hint: "Give an array of objects, or one object per line.",
        cause,
      });
    }
    await readJson(connection, clean);
    return {
      guesses: [{ what: "format", guess: "one JSON object per line" }],
      rejectedRows: kept.rejectedRows,
      rejectedExamples: kept.rejectedExamples,
    };
  }
}

async function readJson(connection: DuckDBConnection, path: string): Promise<void> {
  await connection.run(
    `CREATE OR REPLACE TABLE target.main.data AS SELECT * FROM read_json(${literal(path)}, sample_size = -1, maximum_object_size = ${maxObjectBytes})`,
  );
}

async function keepValidLines(
  path: string,
  target: string,
): Promise<{ valid: number; rejectedRows: number; rejectedExamples: RejectedLine[] }> {
  const output = createWriteStream(target, { flags: "wx", mode: 0o600 });
  let number = 0;
  let valid = 0;
  let rejectedRows = 0;
  const rejectedExamples: RejectedLine[] = [];
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
    number++;
    if (line.trim() === "") continue;
    if (isJsonObject(line)) {
      valid++;
      if (!output.write(`${line}\n`)) await once(output, "drain");
    } else {
      rejectedRows++;
      if (rejectedExamples.length < shownRejects) rejectedExamples.push({ line: number, reason: "not a JSON object" });
    }
  }
  output.end();
  await finished(output);
  return { valid, rejectedRows, rejectedExamples };
}

function isJsonObject(line: string): boolean {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    // Not JSON: that is the answer.
    return false;
  }
}
