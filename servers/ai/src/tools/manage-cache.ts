import type { SemanticCache } from "@sophia/core/cache/semantic-cache";
import { AppError } from "@sophia/core/errors/app-error";
import { defineTool, Source, type ToolContext } from "@sophia/core/mcp/define-tool";
import { z } from "zod";

interface Services {
  semanticCache: Pick<SemanticCache, "stats" | "find" | "invalidate" | "configure" | "evict">;
}

const Category = z.object({
  category: z.string().describe("Hash of system prompt and template, or the name the application gave."),
  requests: z.int().describe("Questions looked up."),
  hits: z.int().describe("Answered from cache by meaning."),
  hitRate: z.number().describe("Hits ÷ requests."),
  checks: z.int().describe("Matches whose answer was compared with a fresh one."),
  wrongChecks: z.int().describe("Of these, answers that differed."),
  threshold: z.number().optional().describe("Score from 0 to 1 from which answers are served. Absent: none is yet."),
  estimatedErrorRate: z.number().describe("Wrong answers served ÷ requests, estimated."),
  errorRateBound: z.number().describe("Its upper 95 % bound."),
  errorBudget: z.number().describe("The share that is allowed."),
  ttlHours: z.number().describe("How long an answer is kept."),
  entries: z.int().describe("Answers kept now."),
});

const Entry = z.object({
  entryId: z.string(),
  category: z.string(),
  question: z.string().describe("The question it was written for."),
  answer: z.string().describe("The answer, at most 4,000 characters of it."),
  tags: z.array(z.string()).describe("What it rests on."),
  createdAt: z.string().describe("ISO 8601."),
  expiresAt: z.string().describe("ISO 8601."),
  checks: z.int().describe("Comparisons with fresh answers."),
  wrongChecks: z.int().describe("Of these, different ones."),
});

const hourMs = 3_600_000;
const shownCharacters = 4_000;

export const manageCache = defineTool({
  name: "manage_cache",
  title: "Look after the answer cache",
  description: `Shows hits, errors and thresholds of the semantic cache, and changes what it may keep and serve.
- Use stats for hit and error rate by category; entry to see one answer (its id stands in x-sophia-cached-id).
- Use evict when a cached answer is wrong, invalidate when a document, prompt or table that answers rest on has changed.
- Use configure to set a category's error budget (share of requests) or how long answers live.
To empty the cache run erase_cache. Changes need the scope write.
Example: {"action": "configure", "category": "support-faq", "errorBudget": 0.005, "ttlHours": 12}`,
  effect: "read",
  input: z.strictObject({
    action: z.enum(["stats", "entry", "invalidate", "evict", "configure"]).default("stats").describe("What to do."),
    entryId: z.string().max(100).optional().describe("For entry and evict."),
    tag: z.string().min(1).max(200).optional().describe("For invalidate: entries with this tag are not served again."),
    category: z.string().min(1).max(200).optional().describe("For configure, and to limit stats to one category."),
    errorBudget: z
      .number()
      .min(0)
      .max(0.5)
      .optional()
      .describe("For configure: wrong answers ÷ requests, 0.01 is 1 %."),
    ttlHours: z.number().min(0).max(8_760).optional().describe("For configure: 0 keeps nothing of this category."),
  }),
  output: z.object({
    done: z.string().describe("What was done, in a sentence."),
    categories: z.array(Category).describe("For stats and configure, busiest first."),
    entry: Entry.optional().describe("For entry."),
    source: Source,
  }),
  items: "categories",
  render({ done, categories, entry }) {
    if (entry) return renderEntry(entry);
    return [done, ...(categories.length > 0 ? [categoryHead, ...categories.map(renderCategory)] : [])].join("\n");
  },
  async run(input, { services: { semanticCache }, caller, log }: ToolContext<Services>) {
    const source = { service: "sophia", mode: "local" as const, costUsd: 0 };
    const changes = input.action !== "stats" && input.action !== "entry";
    // An entry may hold what another caller asked.
    if (input.action !== "stats" && !caller.scopes.includes("write")) {
      throw new AppError("denied", "Entries and changes of the cache need the scope write.", {
        hint: "Use a token that was created with --scope write.",
      });
    }
    if (changes) log.info({ action: input.action, caller: caller.id }, "cache changed by a caller");
    switch (input.action) {
      case "entry": {
        const entry = await semanticCache.find(need(input.entryId, "entryId"));
        if (!entry) throw unknownEntry();
        return { done: "Found the entry.", categories: [], entry: toEntry(entry), source };
      }
      case "evict": {
        if (!(await semanticCache.evict(need(input.entryId, "entryId")))) throw unknownEntry();
        return {
          done: "The entry is not served any more; the next such question asks a model.",
          categories: [],
          source,
        };
      }
      case "invalidate": {
        const tag = need(input.tag, "tag");
        await semanticCache.invalidate(tag);
        return { done: `Answers tagged ${tag} until now are not served any more.`, categories: [], source };
      }
      case "configure": {
        const category = need(input.category, "category");
        if (input.errorBudget === undefined && input.ttlHours === undefined) {
          throw new AppError("invalid_input", "There is nothing to configure.", {
            hint: "Give errorBudget, ttlHours or both.",
          });
        }
        await semanticCache.configure(category, {
          ...(input.errorBudget !== undefined && { errorBudget: input.errorBudget }),
          ...(input.ttlHours !== undefined && { ttlMs: input.ttlHours * hourMs }),
        });
        return {
          done: `Set ${category}. It holds for questions of this category from now on.`,
          categories: await listCategories(semanticCache, category),
          source,
        };
      }
      default: {
        const categories = await listCategories(semanticCache, input.category);
        return { done: describeStats(categories, input.category), categories, source };
      }
    }
  },
});

async function listCategories(cache: Services["semanticCache"], only: string | undefined) {
  const stats = (await cache.stats()).filter(({ category }) => only === undefined || category === only);
  return stats
    .toSorted((left, right) => right.requests - left.requests)
    .map(({ ttlMs, threshold, estimatedErrorRate, errorRateBound, ...counts }) => ({
      ...counts,
      hitRate: counts.requests === 0 ? 0 : round(counts.hits / counts.requests),
      ...(threshold !== undefined && { threshold: round(threshold) }),
      estimatedErrorRate: round(estimatedErrorRate),
      errorRateBound: round(errorRateBound),
      ttlHours: round(ttlMs / hourMs),
    }));
}

function describeStats(categories: readonly z.input<typeof Category>[], only: string | undefined): string {
  if (categories.length === 0) {
    return only === undefined
      ? "The semantic cache has seen no question yet: those of POST /v1/chat/completions and complete are looked up."
      : `The semantic cache knows no category ${only}. Leave category out to see all.`;
  }
  const sum = (name: "requests" | "hits"): number => categories.reduce((total, one) => total + one[name], 0);
  const [requests, hits] = [sum("requests"), sum("hits")];
  return `${hits} of ${requests} questions answered by meaning, ${categories.length} categories. A category serves once its threshold is learned from checks.`;
}

const categoryHead =
  "category | hits/questions | threshold | wrong/checks | errors estimated, at most, allowed | kept h | entries";

function renderCategory(one: z.output<typeof Category>): string {
  const errors = [one.estimatedErrorRate, one.errorRateBound, one.errorBudget].map(percent).join(", ");
  return [
    one.category,
    `${one.hits}/${one.requests} (${percent(one.hitRate)})`,
    one.threshold ?? "not learned yet",
    `${one.wrongChecks}/${one.checks}`,
    errors,
    one.ttlHours,
    one.entries,
  ].join(" | ");
}

function renderEntry(entry: z.output<typeof Entry>): string {
  const { entryId, category, question, answer, tags, createdAt, expiresAt, checks, wrongChecks } = entry;
  return [
    `Entry ${entryId} of ${category}, written ${createdAt}, kept until ${expiresAt}; ${wrongChecks} of ${checks} checks wrong${tags.length > 0 ? `; tags ${tags.join(", ")}` : ""}.`,
    `Question: ${question}`,
    `Answer: ${answer}`,
    "If it is wrong: evict with this entryId.",
  ].join("\n");
}

function percent(share: number): string {
  return `${Number((100 * share).toFixed(2))} %`;
}

function toEntry(entry: NonNullable<Awaited<ReturnType<SemanticCache["find"]>>>) {
  const { entryId, category, text, value, tags, createdAt, expiresAt, checks, wrongChecks } = entry;
  return {
    entryId,
    category,
    question: text,
    answer: value.slice(0, shownCharacters),
    tags: [...tags],
    createdAt: new Date(createdAt).toISOString(),
    expiresAt: new Date(expiresAt).toISOString(),
    checks,
    wrongChecks,
  };
}

const nameHints = {
  entryId: "It stands in the answer's header x-sophia-cached-id, and in get_trace as cachedAnswer.entryId.",
  tag: "Applications give tags in the header x-sophia-cache-tags; entry shows those of an answer.",
  category: "Action stats lists the categories.",
};

function need(value: string | undefined, name: keyof typeof nameHints): string {
  if (value !== undefined) return value;
  throw new AppError("invalid_input", `This action needs ${name}.`, { hint: nameHints[name] });
}

function unknownEntry(): AppError {
  return new AppError("not_found", "The cache has no such entry (any more).", {
    hint: nameHints.entryId,
  });
}

function round(value: number): number {
  return Number(value.toFixed(4));
}
