import { createHash, randomUUID } from "node:crypto";
import { AppError } from "@sophia/core/errors/app-error";
import type { Jobs } from "@sophia/core/jobs/jobs";
import { checkWatch, type WatchParts } from "./check-watch.ts";
import type { EntryStore, Taken } from "./entry-store.ts";
import type { TopicNews } from "./topic-news.ts";
import type { Watch, WatchStore } from "./watch-store.ts";

export type Interval = "15m" | "1h" | "6h" | "1d";

export interface WatchRequest {
  /** Addresses of feeds, or of pages that name one or are watched themselves. */
  urls: string[];
  topic: string | null;
  every: Interval;
}

/** Topics and sources that are read on a schedule, for as long as somebody wants to know. */
export interface Watches {
  /** The service that topics are searched in; undefined without an account. */
  readonly news: Pick<TopicNews, "service" | "mode"> | undefined;
  /**
   * Begins to watch, or joins who watches the same. Reads at once what has never been read.
   * @throws AppError not_configured for a topic without sources when no news service can be asked
   */
  start(request: WatchRequest, caller: string): Promise<Watch>;
  list(caller: string): Promise<(Watch & { unread: number })[]>;
  /** @throws AppError not_found, also for a watch of others */
  find(id: string, caller: string): Promise<Watch>;
  /** Resolves when the sources have been read for the first time, or after `forMs`. */
  wait(id: string, options: { forMs: number; signal: AbortSignal }): Promise<void>;
  /** What the caller has not been given yet. */
  take(id: string, caller: string, from: { limit: number; after?: number; again?: boolean }): Promise<Taken>;
  /** What was stored stays; the sources are asked no more once nobody watches. */
  stop(id: string, caller: string): Promise<void>;
}

const jobKind = "data.check_watch";
const timeoutMs = 10 * 60_000;
const pollMs = 250;

export function createWatches({ jobs, ...parts }: AllParts): Watches {
  const { watches, entries, clock } = parts;
  const schedule = ({ id, every }: Pick<Watch, "id" | "every">): Promise<void> =>
    jobs.schedule({ name: scheduleOf(id), cron: toCron(every, id), kind: jobKind, input: { watchId: id } });

  /** Somebody may have begun to watch the same while the last one left. */
  async function endSchedule(id: string): Promise<void> {
    await jobs.unschedule(scheduleOf(id));
    const again = await watches.find(id);
    if (again) await schedule(again);
  }

  jobs.define<{ watchId: string }>(
    jobKind,
    async ({ input, signal }) => {
      const checked = await checkWatch(input.watchId, parts, signal);
      // A crash between the last one's leaving and the end of the schedule.
      if (checked === undefined) await endSchedule(input.watchId);
      return checked;
    },
    // The schedule comes again by itself.
    { timeoutMs, maxAttempts: 3 },
  );

  return {
    news: parts.news,
    async start(request, caller) {
      const urls = [...new Set(request.urls)];
      if (urls.length === 0 && request.topic === null) throw nothingToWatch();
      if (urls.length === 0 && !parts.news) throw noNews();
      const id = toId({ ...request, urls });
      const sources = urls.length === 0 ? [""] : urls;
      const watch = await watches.join({ id, topic: request.topic, every: request.every, urls: sources }, caller);
      await schedule(watch);
      if (watch.checked_at === null) {
        await jobs.enqueue({ kind: jobKind, input: { watchId: id }, idempotencyKey: randomUUID(), caller });
      }
      return watch;
    },
    list: (caller) => watches.listOf(caller),
    find: (id, caller) => watches.findOf(id, caller),
    async wait(id, { forMs, signal }) {
      const endsAt = clock.monotonic() + forMs;
      while (clock.monotonic() < endsAt) {
        const watch = await watches.find(id);
        if (!watch || watch.checked_at !== null) return;
        await clock.sleep(pollMs, signal);
      }
    },
    async take(id, caller, from) {
      await watches.findOf(id, caller);
      return await entries.take(id, caller, from);
    },
    async stop(id, caller) {
      await watches.findOf(id, caller);
      if (await watches.leave(id, caller)) await endSchedule(id);
    },
  };
}

type AllParts = WatchParts & { jobs: WatchJobs; watches: WatchStore; entries: EntryStore };
type WatchJobs = Pick<Jobs, "define" | "enqueue" | "schedule" | "unschedule">;

function scheduleOf(id: string): string {
  return `data.watch:${id}`;
}

function toId({ urls, topic, every }: WatchRequest): string {
  const words = JSON.stringify([urls.toSorted(), topic?.trim().toLowerCase() ?? null, every]);
  return `w_${createHash("sha256").update(words).digest("base64url").slice(0, 16)}`;
}

/** Each watch at a minute of its own, so that not all begin at once. */
function toCron(every: string, id: string): string {
  const number = createHash("sha256").update(id).digest().readUInt32BE(0);
  const minute = number % 60;
  const hour = (number >>> 8) % 24;
  if (every === "15m")
    return (
      [0, 15, 30, 45]
        .map((quarter) => (minute + quarter) % 60)
        .toSorted((a, b) => a - b)
        .join(",") + " * * * *"
    );
  if (every === "1h") return `${minute} * * * *`;
  if (every === "6h") return `${minute} ${[0, 6, 12, 18].map((quarter) => (hour % 6) + quarter).join(",")} * * *`;
  return `${minute} ${hour} * * *`;
}

function nothingToWatch(): AppError {
  return new AppError("invalid_input", "There is nothing to watch.", {
    hint: 'Give {"sources": ["https://example.com/blog"]}, a topic, or both.',
  });
}

function noNews(): AppError {
  return new AppError(
    "not_configured",
    "A topic alone is searched in the news service Twingly, which has no key here.",
    {
      hint: "Give sources, feeds or pages whose entries are then narrowed to the topic; or have the key set.",
    },
  );
}
