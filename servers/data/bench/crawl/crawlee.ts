import { CheerioCrawler, Configuration, log, LogLevel } from "@crawlee/cheerio";
import { addressesOf, type CrawlSums, type CrawlTask, serveTasks } from "./contender.ts";

// With its own brakes off, as ours: no sessions, no files, no slowing down for a busy machine, full width at once.

log.setLevel(LogLevel.OFF);
const never = { maxOverloadedRatio: 1 } as const;

async function crawl(task: CrawlTask): Promise<CrawlSums> {
  const sums: CrawlSums = { pages: 0, titles: 0, links: 0, textCharacters: 0 };
  const crawler = new CheerioCrawler(
    {
      minConcurrency: task.concurrency,
      maxConcurrency: task.concurrency,
      useSessionPool: false,
      persistCookiesPerSession: false,
      maxRequestRetries: 0,
      autoscaledPoolOptions: {
        systemStatusOptions: {
          maxMemoryOverloadedRatio: never.maxOverloadedRatio,
          maxEventLoopOverloadedRatio: never.maxOverloadedRatio,
          maxCpuOverloadedRatio: never.maxOverloadedRatio,
          maxClientOverloadedRatio: never.maxOverloadedRatio,
        },
      },
      async requestHandler({ $, request }) {
        const links = new Set<string>();
        $("a[href]").each((_index, element) => {
          const url = URL.parse($(element).attr("href") ?? "", request.loadedUrl);
          if (url) links.add(url.href);
        });
        sums.links += links.size;
        sums.titles += $("title").text() === "" ? 0 : 1;
        $("script, style, noscript").remove();
        sums.textCharacters += $("body").text().length;
        sums.pages += 1;
      },
    },
    new Configuration({ persistStorage: false, purgeOnStart: true }),
  );
  await crawler.run(addressesOf(task));
  return sums;
}

serveTasks(crawl);
