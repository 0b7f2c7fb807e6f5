import type { ZenRowsClient } from "../client.ts";
import { fetchWithEscalation } from "../escalate.ts";

/** Every kind of fetch once, against a simulator with the made-up web. Throws where one does not hold. */
export async function driveZenRowsFetches(client: ZenRowsClient, url: string, signal: AbortSignal): Promise<void> {
  await client.fetchPage({ url }, signal);
  await client.fetchPage({ url, power: "auto", proxyCountry: "de" }, signal);
  await client.fetchPage({ url, power: "premium_proxy", proxyCountry: "US", sessionId: 7 }, signal);
  const browser = { url, power: "js_render", waitMs: 10, waitFor: "article", blockResources: ["image"] } as const;
  await client.fetchPage({ ...browser, instructions: [{ click: ".more" }, { wait: 500 }] }, signal);
  await client.fetchPage({ url, power: "both", jsonResponse: true, originalStatus: true }, signal);
  for (const responseType of ["markdown", "plaintext", "pdf"] as const) {
    await client.fetchPage({ url, responseType, allowedStatuses: [404, 410] }, signal);
  }
  await client.fetchPage({ url, outputs: ["links", "emails"] }, signal);
  await client.fetchPage({ url, cssExtractor: { title: "h1" } }, signal);
  for (const screenshot of ["view", "full_page", { selector: "article" }] as const) {
    await client.fetchPage({ url, power: "js_render", screenshot }, signal);
  }
  await client.fetchPage({ url, body: { a: 1 } }, signal);
  await client.fetchPage({ url, body: "a=1&b=2", power: "js_render" }, signal);
  const { by } = await client.extractRecords({ url }, signal);
  if (by !== "parsers") throw new Error("the simulator has no models");
  await fetchWithEscalation(client, { url }, { maxCredits: 41, signal });
}
