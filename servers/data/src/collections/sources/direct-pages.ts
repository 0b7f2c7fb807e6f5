import type { PageReader } from "../../fetching/page-reader.ts";
import type { ShortSource } from "../source.ts";
import { ofSource } from "./of-source.ts";

/** Pages of the open web, at the pace each site allows: free, and safe to ask again. */
export function createDirectPages(options: { pages: PageReader }): ShortSource {
  return {
    kind: "short",
    name: "pages",
    service: "zenrows",
    mode: "local",
    unit: "pages",
    // Each host has its own pace; this many hosts at a time.
    concurrency: 8,
    isRepeatable: true,
    estimate: () => ({ quantity: 1, costUsd: 0 }),
    async collect(item, signal) {
      const { page, saved, finalUrl } = await options.pages.read(ofSource(item, "pages").url, signal);
      const stored = { documentId: saved.id, state: saved.state, url: finalUrl, title: page.title };
      return { stored: [stored], quantity: 1, costUsd: 0, kind: "actual" };
    },
  };
}
