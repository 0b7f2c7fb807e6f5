// `pnpm bench storage [--json] [--seed N]`: bytes of a store of labelled pages, all tables and indexes but vectors, beside
// PostgreSQL's own compression in the same run; what deduplication saves on a replay of known composition; saves a second.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { gunzipSync } from "node:zlib";
import { startEngine, type StoreEngine } from "@sophia/core/testing/store-engines";
import { extractPage } from "../src/domain/extract-page.ts";
import { type BenchPage, openLibrary, sizeByDefault, type Sizes } from "./storage/open-library.ts";
import { makeReplay, scramble } from "./storage/make-replay.ts";

const { values: flags } = parseArgs({
  options: { json: { type: "boolean", default: false }, seed: { type: "string", default: "1" } },
  allowPositionals: true,
});
const seed = Number(flags.seed);
const projectRoot = join(import.meta.dirname, "../../..");
const directory = join(process.env["BENCH_DATA"] ?? join(projectRoot, "../shared/data"), "extraction");
const repeatShare = 0.31;
const timedVariants = 6;

const pages = await readPages();
if (pages) await run(pages);

async function readPages(): Promise<BenchPage[] | undefined> {
  let truth: Record<string, { url: string }>;
  try {
    truth = JSON.parse(await readFile(join(directory, "ground-truth.json"), "utf8")) as typeof truth;
  } catch {
    process.stderr.write(`skipped: no pages in ${directory}; set BENCH_DATA to the folder that holds extraction/.\n`);
    return undefined;
  }
  const read = Object.entries(truth).map(async ([id, { url }]) => {
    const html = gunzipSync(await readFile(join(directory, "html", `${id}.html.gz`)));
    const facts = { body: html, contentType: "text/html", contentLanguage: undefined, url, now: Date.now() };
    return { url, html, page: extractPage(facts) };
  });
  return await Promise.all(read);
}

async function run(pages: BenchPage[]): Promise<void> {
  const rawBytes = pages.reduce((sum, { html }) => sum + html.length, 0);
  const sizes: Record<string, Awaited<ReturnType<typeof measure>> | null> = {};
  for (const engine of ["sqlite", "postgres"] as const) {
    const engines = await startEngine(engine);
    try {
      sizes[engine] = engines ? await measure(engines, pages, rawBytes) : null;
    } finally {
      await engines?.stop();
    }
  }
  const engines = await startEngine("sqlite");
  if (!engines) throw new Error("SQLite is part of Node.");
  const speed = await measureSpeed(engines, pages).finally(() => engines.stop());
  const summary = { ...sizes, ...speed, rawBytes, items: pages.length, settings: settings(), seed };
  process.stdout.write(flags.json ? `${JSON.stringify(summary)}\n` : `${JSON.stringify(summary, null, 2)}\n`);
}

function settings() {
  return {
    blobs: "original pages and their texts, packed, with the rows and indexes that find them",
    everything: "also facts, passages, words, keys, bands, edges and groups with their indexes; no vectors",
    denominator: "raw HTML of the pages",
    codec: "zstd 17 for pages, 9 for texts",
    repeatShare,
    replay: "the pages, then equal texts at other addresses; without deduplication each repeat differs by a line",
  };
}

async function measure(engines: StoreEngine, pages: BenchPage[], rawBytes: number) {
  const share = (bytes: number): number => round(bytes / rawBytes);
  const saveAll = async (items: readonly BenchPage[], keepsOriginal = false): Promise<Sizes> => {
    const library = await openLibrary(engines);
    for (const item of items) await library.save(item, { keepsOriginal });
    return await library.sizes();
  };
  const textOnly = await saveAll(pages);
  const withOriginals = await saveAll(pages, true);
  const byDefault = engines.postgres ? await sizeByDefault(await openLibrary(engines), pages) : undefined;
  const replay = makeReplay(pages, repeatShare, seed);
  const [kept, apart] = [await saveAll(replay.repeated), await saveAll(replay.distinct)];
  return {
    blobs: share(withOriginals.blobs),
    ...(byDefault !== undefined && {
      postgresDefault: share(byDefault),
      savedAgainstDefault: round(1 - withOriginals.blobs / byDefault),
    }),
    everything: { textOnly: share(textOnly.total), withOriginals: share(withOriginals.total) },
    tables: Object.fromEntries(Object.entries(withOriginals.tables).map(([name, bytes]) => [name, share(bytes)])),
    replay: {
      items: replay.repeated.length,
      repeatShare: round(replay.repeats / replay.repeated.length),
      savedByDeduplication: {
        blobs: round(1 - kept.blobs / apart.blobs),
        everything: round(1 - kept.total / apart.total),
      },
    },
  };
}

/** Texts of which none repeats another: what a save costs when there is nothing to find. */
async function measureSpeed(engines: StoreEngine, pages: BenchPage[]) {
  const items = Array.from({ length: timedVariants }, (_, variant) =>
    pages.map((page) => scramble(page, seed + variant)),
  ).flat();
  const rate = async (kind: "plain" | "filed"): Promise<number> => {
    const library = await openLibrary(engines);
    const startedAt = performance.now();
    for (const item of items) await library.save(item, { documents: library[kind] });
    return Math.round(items.length / ((performance.now() - startedAt) / 1_000));
  };
  const savesPerSecond = await rate("plain");
  return { savesPerSecond, filedSavesPerSecond: await rate("filed") };
}

function round(value: number): number {
  return Number(value.toFixed(4));
}
