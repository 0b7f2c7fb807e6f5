import { authors, companies, type PhraseBook, phraseBooks, places, products } from "./phrases.ts";
import { createRandom, pick, type Random } from "./random.ts";

/** One made-up page of the web that the simulators share. */
export interface CorpusDocument {
  url: string;
  title: string;
  /** Main text: paragraphs parted by an empty line. */
  text: string;
  /** The whole page, with navigation and footer. */
  html: string;
  /** Wall clock, ms. */
  publishedAt: number;
  /** ISO 639-1. */
  language: string;
  author: string;
  /** Unsigned 64-bit, as news services number articles: more than a double can hold. */
  articleId: bigint;
  /** Where it was copied from, and how; absent: an original. */
  copyOf?: { url: string; kind: "address" | "repost" | "edited" };
}

const firstDay = Date.UTC(2026, 9, 1, 6);
const dayMs = 86_400_000;
const originalHosts = ["tradewire.example", "plainreport.example", "northdesk.example", "sectorpost.example"];
const copyHosts = ["reprint-daily.example", "allnews.example", "branch-blog.example"];
const tracking = "utm_source=newsletter&utm_medium=email&fbclid=IwAR0simulated";

/** 36 originals; 12 reposts and 12 edited copies elsewhere; 6 the same under an address with tracking. Always the same. */
export const documents: readonly CorpusDocument[] = buildCorpus();

function buildCorpus(): CorpusDocument[] {
  const random = createRandom(20_261_001);
  const languages = Object.keys(phraseBooks) as (keyof typeof phraseBooks)[];
  const originals = Array.from({ length: 36 }, (_, index) => {
    const language = index % 3 === 2 ? (languages[1 + (Math.floor(index / 3) % 4)] ?? "en") : "en";
    return writeOriginal(random, index, language);
  });
  const copies = originals.slice(0, 24).map((original, index) => copyElsewhere(random, original, index));
  const again = originals.slice(24, 30).map((original) => ({
    ...original,
    url: `${original.url}?${tracking}`,
    copyOf: { url: original.url, kind: "address" as const },
  }));
  return [...originals, ...copies, ...again];
}

function writeOriginal(random: Random, index: number, language: keyof typeof phraseBooks): CorpusDocument {
  const book = phraseBooks[language];
  const facts = {
    company: companies[index % companies.length] ?? "",
    product: pick(random, products),
    place: pick(random, places),
  };
  const title = fill(random, pick(random, book.titles), facts);
  const middles = shuffle(random, book.middles).slice(0, 5);
  const sentences = [pick(random, book.openings), ...middles, pick(random, book.endings)];
  const paragraphs = [book.notice, ...sentences.map((sentence) => fill(random, sentence, facts))];
  const slug = title
    .toLowerCase()
    .normalize("NFKD")
    .replace(/[^a-z0-9]+/g, "-");
  return finish(
    {
      url: `https://${originalHosts[index % originalHosts.length]}/2026/${slug}-${index}`,
      title,
      text: paragraphs.join("\n\n"),
      publishedAt: firstDay + index * dayMs + Math.floor(random() * dayMs),
      language,
      author: pick(random, authors),
      articleId: 16_405_819_479_794_412_000n + BigInt(index * 7 + 1),
    },
    book,
  );
}

function copyElsewhere(random: Random, original: CorpusDocument, index: number): CorpusDocument {
  const isEdited = index % 2 === 1;
  const paragraphs = original.text.split("\n\n");
  // An editor drops one sentence and puts a credit before the first.
  if (isEdited) {
    paragraphs.splice(2 + Math.floor(random() * 3), 1);
    paragraphs.splice(1, 0, `(${originalHosts[index % originalHosts.length]})`);
  }
  const { pathname } = new URL(original.url);
  return finish(
    {
      url: `https://${copyHosts[index % copyHosts.length]}${pathname}`,
      title: isEdited ? `${original.title} – report` : original.title,
      text: paragraphs.join("\n\n"),
      publishedAt: original.publishedAt + Math.floor(random() * 2 * dayMs),
      language: original.language,
      author: isEdited ? pick(random, authors) : original.author,
      articleId: 16_405_819_479_794_500_000n + BigInt(index),
      copyOf: { url: original.url, kind: isEdited ? "edited" : "repost" },
    },
    phraseBooks[original.language as keyof typeof phraseBooks],
  );
}

function fill(random: Random, sentence: string, facts: Readonly<Record<string, string>>): string {
  const between = (low: number, high: number): string => String(low + Math.floor(random() * (high - low)));
  const made: Readonly<Record<string, () => string>> = {
    day: () => `${between(1, 28)}.${between(1, 12)}.`,
    months: () => between(4, 30),
    percent: () => between(3, 45),
    people: () => between(40, 2_400),
    customers: () => between(12, 900),
    millions: () => between(2, 160),
    count: () => between(3, 51),
  };
  return sentence.replace(/\{(\w+)\}/g, (_, name: string) => facts[name] ?? made[name]?.() ?? "");
}

function shuffle<T>(random: Random, items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, at: random() }))
    .sort((left, right) => left.at - right.at)
    .map(({ item }) => item);
}

function finish(document: Omit<CorpusDocument, "html">, book: PhraseBook): CorpusDocument {
  const { title, text, author, language, url } = document;
  const published = new Date(document.publishedAt).toISOString();
  const paragraphs = text.split("\n\n").map((paragraph) => `<p>${escapeHtml(paragraph)}</p>`);
  const html = `<!doctype html><html lang="${language}"><head><meta charset="utf-8"><title>${escapeHtml(title)}</title>
<link rel="canonical" href="${escapeHtml(url)}"><meta name="author" content="${escapeHtml(author)}">
<meta property="article:published_time" content="${published}"></head>
<body><nav><a href="/">${new URL(url).hostname}</a> <a href="/archive">Archive</a></nav>
<article><h1>${escapeHtml(title)}</h1>
${paragraphs.join("\n")}
</article><footer>${escapeHtml(book.notice)} © ${new URL(url).hostname}</footer></body></html>`;
  return { ...document, html };
}

function escapeHtml(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/"/g, "&quot;");
}

/** Best first: how many words of the query a document has, the title's counting thrice. None: no match. */
export function searchCorpus(query: string, options: { limit?: number } = {}): CorpusDocument[] {
  const words = new Set(query.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []);
  const scored = documents.map((document) => ({ document, score: scoreDocument(document, words) }));
  return scored
    .filter(({ score }) => score > 0)
    .sort((left, right) => right.score - left.score || left.document.url.localeCompare(right.document.url))
    .slice(0, options.limit ?? 10)
    .map(({ document }) => document);
}

function scoreDocument({ title, text }: CorpusDocument, words: ReadonlySet<string>): number {
  const inTitle = new Set(title.toLowerCase().match(/[\p{L}\p{N}]+/gu));
  const inText = new Set(text.toLowerCase().match(/[\p{L}\p{N}]+/gu));
  return [...words].reduce((sum, word) => sum + (inTitle.has(word) ? 3 : 0) + (inText.has(word) ? 1 : 0), 0);
}
