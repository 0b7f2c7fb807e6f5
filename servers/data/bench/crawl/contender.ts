/** What one crawler is asked: to read these pages, at most so many at a time. */
export interface CrawlTask {
  origin: string;
  from: number;
  count: number;
  concurrency: number;
}

/** What it read; the sums show that both did the same. */
export interface CrawlSums {
  pages: number;
  titles: number;
  links: number;
  textCharacters: number;
}

export interface CrawlReport extends CrawlSums {
  ms: number;
  cpuMs: number;
  rssMb: number;
}

export function addressesOf({ origin, from, count }: CrawlTask): string[] {
  return Array.from({ length: count }, (_, index) => `${origin}/p/${from + index}`);
}

/** Serves tasks over the channel of its parent process, one after the other. */
export function serveTasks(crawl: (task: CrawlTask) => Promise<CrawlSums>): void {
  process.on("message", (task: CrawlTask) => {
    const startedAt = performance.now();
    const cpu = process.cpuUsage();
    void crawl(task).then((sums) => {
      const { user, system } = process.cpuUsage(cpu);
      const rssMb = process.resourceUsage().maxRSS / 1_024;
      process.send?.({ ...sums, ms: performance.now() - startedAt, cpuMs: (user + system) / 1_000, rssMb });
    });
  });
  process.on("disconnect", () => process.exit());
  process.send?.({ ready: true });
}
