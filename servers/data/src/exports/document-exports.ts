import { createHash, randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "@sophia/core/errors/app-error";
import type { Clock } from "@sophia/core/limits/clock";
import type { HttpRoute } from "@sophia/core/mcp/platform";
import type { DocumentFilter } from "../documents/document-store.ts";
import type { ExportedDocuments } from "./exported-documents.ts";
import { csvHead, type ExportedRow, type ExportFormat, formatRow } from "./format-row.ts";

export interface ExportedFile {
  fileName: string;
  documents: number;
  bytes: number;
  sha256: string;
  /** Wall clock, ms. */
  expiresAt: number;
  /** There were more than may be in one file. */
  isCut: boolean;
}

/** Kept documents as files that can be fetched for a day, by whoever has a token of this server. */
export interface DocumentExports {
  write(
    request: { filter: ExportFilter; format: ExportFormat; caller: string },
    options: { signal: AbortSignal; onProgress(documents: number): void },
  ): Promise<ExportedFile>;
  readonly route: HttpRoute;
}

export interface ExportFilter extends DocumentFilter {
  source?: string | undefined;
  collectionId?: string | undefined;
}

export const exportPath = "/exports";
const keptMs = 24 * 60 * 60_000;
const mostDocuments = 50_000;
const mostBytes = 512 * 1024 * 1024;
const pageSize = 200;
const namePattern = /^documents-[0-9a-f]{32}\.(?:jsonl|csv)$/;

export function createDocumentExports(options: {
  documents: ExportedDocuments;
  dataDir: string;
  clock: Clock;
}): DocumentExports {
  const { documents, clock } = options;
  const folder = join(options.dataDir, "exports");

  async function removeOld(): Promise<void> {
    for (const name of await readdir(folder).catch(() => [])) {
      const file = join(folder, name);
      const age = await stat(file).then(
        ({ mtimeMs }) => clock.now() - mtimeMs,
        () => 0,
      );
      if (age > keptMs) await rm(file, { force: true });
    }
  }

  return {
    async write({ filter, format, caller }, { signal, onProgress }) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await removeOld();
      const fileName = `documents-${randomBytes(16).toString("hex")}.${format}`;
      const target = join(folder, fileName);
      const facts = await writeRows(target, {
        pages: documents.pages(filter, { caller, pageSize }),
        format,
        signal,
        onProgress,
      });
      return { ...facts, fileName, expiresAt: clock.now() + keptMs };
    },
    route: {
      method: "GET",
      path: exportPath,
      handle: (exchange) => sendFile(folder, clock.now(), exchange),
    },
  };
}

type Exchange = Pick<Parameters<HttpRoute["handle"]>[0], "request" | "response">;

async function sendFile(folder: string, now: number, { request, response }: Exchange): Promise<void> {
  const name = new URL(request.url ?? "/", "http://localhost").searchParams.get("file") ?? "";
  const file = join(folder, name);
  const known = namePattern.test(name) ? await stat(file).catch(() => undefined) : undefined;
  if (!known || now - known.mtimeMs > keptMs) {
    throw new AppError("not_found", "There is no such export, or its day is over.", {
      hint: "Run export_documents again.",
    });
  }
  response.writeHead(200, {
    "content-type": name.endsWith(".csv") ? "text/csv; charset=utf-8" : "application/x-ndjson",
    "content-disposition": `attachment; filename="${name}"`,
    "content-length": known.size,
    "x-content-type-options": "nosniff",
  });
  await new Promise<void>((resolve, reject) => {
    createReadStream(file).once("error", reject).pipe(response).once("finish", resolve).once("close", resolve);
  });
}

/** The file stands under its name only when it is whole. */
async function writeRows(
  target: string,
  {
    pages,
    format,
    signal,
    onProgress,
  }: {
    pages: AsyncGenerator<ExportedRow[], void>;
    format: ExportFormat;
    signal: AbortSignal;
    onProgress(documents: number): void;
  },
): Promise<Pick<ExportedFile, "documents" | "bytes" | "isCut" | "sha256">> {
  const partial = `${target}.part`;
  const hash = createHash("sha256");
  const facts = { documents: 0, bytes: 0, isCut: false };
  const file = await open(partial, "wx", 0o600);
  const put = async (text: string): Promise<void> => {
    const bytes = Buffer.from(text);
    hash.update(bytes);
    facts.bytes += bytes.length;
    await file.write(bytes);
  };
  try {
    if (format === "csv") await put(csvHead);
    for await (const page of pages) {
      signal.throwIfAborted();
      await put(page.map((row) => formatRow(row, format)).join(""));
      facts.documents += page.length;
      onProgress(facts.documents);
      if (facts.documents < mostDocuments && facts.bytes < mostBytes) continue;
      facts.isCut = page.length === pageSize;
      break;
    }
    await file.sync();
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  } finally {
    await file.close();
  }
  await rename(partial, target);
  return { ...facts, sha256: hash.digest("hex") };
}
