import type { TavilyClient } from "../client.ts";

/** Every operation of the client once, against a simulator. Throws where one does not hold. */
export async function driveTavilyClient(client: TavilyClient, signal: AbortSignal): Promise<void> {
  const { results } = await client.search(
    {
      query: "Energy Labs customers growth",
      depth: "advanced",
      topic: "news",
      maxResults: 8,
      chunksPerSource: 2,
      startDate: "2026-09-01",
      endDate: "2026-12-31",
      answer: "advanced",
      rawContent: "markdown",
      includeDomains: ["tradewire.example", "plainreport.example", "northdesk.example", "sectorpost.example"],
      excludeDomains: ["allnews.example"],
      exactMatch: false,
      safeSearch: false,
    },
    signal,
  );
  const urls = results.map(({ url }) => url);
  if (urls.length === 0) throw new Error("nothing was found");
  await client.search({ query: "report", country: "Germany", autoParameters: true, timeRange: "year" }, signal);
  const extraction = { urls: [...urls, "https://missing.example/"], depth: "advanced", format: "text" } as const;
  const read = await client.extract(
    { ...extraction, query: "energy", chunksPerSource: 2, pageTimeoutSecs: 20 },
    signal,
  );
  if (read.failed.length !== 1) throw new Error("the missing page is not told");
  const site = {
    url: "https://tradewire.example",
    instructions: "press releases",
    maxDepth: 2,
    maxBreadth: 50,
    maxPages: 12,
    selectPaths: ["/2026/.*"],
    excludePaths: ["/archive/.*"],
    selectDomains: ["^tradewire\\.example$"],
    excludeDomains: ["^ads\\."],
    siteTimeoutSecs: 60,
  };
  await client.map(site, signal);
  await client.crawl({ ...site, depth: "basic", format: "markdown" }, signal);
  const outputSchema = {
    properties: { summary: { type: "string", description: "In two sentences." } },
    required: ["summary"],
  };
  const domains = { includeDomains: ["tradewire.example"], excludeDomains: ["allnews.example"] };
  const question = { input: "What is new in energy storage?", citations: "apa", length: "short", ...domains } as const;
  const handle = await client.startResearch({ ...question, model: "mini", outputSchema }, signal);
  const report = await client.waitForResearch(handle, { waitMs: 30_000, signal });
  if (report.status !== "completed") throw new Error(`the research is ${report.status}`);
  await client.getUsage(signal);
}
