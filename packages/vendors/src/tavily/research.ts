import { AppError } from "@sophia/core/errors/app-error";
import type { Http } from "@sophia/core/http/http";
import { apiPath } from "@sophia/core/http/target";
import type { Clock } from "@sophia/core/limits/clock";
import { checkDomains, refuseInput } from "./check-input.ts";
import { costOf, type TavilyCost } from "./cost.ts";
import { policyOf } from "./operations.ts";
import { ResearchStarted, ResearchState } from "./schemas.ts";

export type TavilyResearchModel = "mini" | "pro" | "auto";

export interface TavilyResearchRequest {
  /** The question. */
  input: string;
  /** Decides the price; the vendor tells it afterwards only. */
  model: TavilyResearchModel;
  citations?: "numbered" | "mla" | "apa" | "chicago";
  length?: "short" | "standard" | "long";
  /** At most 20 each. */
  includeDomains?: readonly string[];
  excludeDomains?: readonly string[];
  /** A JSON schema whose every property has a type and a description: the report then is an object. */
  outputSchema?: Readonly<Record<string, unknown>>;
}

/** What a later process needs to go on. */
export interface TavilyResearchHandle {
  id: string;
}

export type TavilyResearchReport =
  | { status: "pending" | "in_progress" }
  /** Nothing is said of why. */
  | { status: "failed" }
  /** Untrusted. */
  | {
      status: "completed";
      content: string | Record<string, unknown>;
      sources: { url: string; title: string | null }[];
      cost: TavilyCost;
    };

export interface TavilyResearches {
  /** Sent once: after a cut connection the outcome is unknown, and the vendor has no list to look it up in. */
  startResearch(request: TavilyResearchRequest, signal: AbortSignal): Promise<TavilyResearchHandle>;
  getResearch(handle: TavilyResearchHandle, signal: AbortSignal): Promise<TavilyResearchReport>;
  /** Asks until it has ended or `waitMs` have passed; then it is told as it stands, and can be waited for again. */
  waitForResearch(
    handle: TavilyResearchHandle,
    options: { waitMs: number; signal: AbortSignal },
  ): Promise<TavilyResearchReport>;
}

const firstPollMs = 2_000;
const longestPollMs = 10_000;

/** https://docs.tavily.com/documentation/api-reference/endpoint/research */
export function createResearches(http: Http, clock: Clock): TavilyResearches {
  async function getResearch(handle: TavilyResearchHandle, signal: AbortSignal): Promise<TavilyResearchReport> {
    const path = apiPath`/research/${handle.id}`;
    const { data } = await http.request({ ...policyOf("get_research"), path, schema: ResearchState, signal });
    if (data.status !== "completed") return { status: data.status };
    if (data.content === null || data.content === undefined) throw missingReport();
    return {
      status: "completed",
      content: data.content,
      sources: (data.sources ?? []).map(({ url, title }) => ({ url, title: title ?? null })),
      cost: costOf(data.usage, { operation: "research" }),
    };
  }

  return {
    async startResearch(request, signal) {
      const call = { ...policyOf("start_research"), method: "POST" as const, path: "/research", signal };
      const { data } = await http.request({ ...call, body: researchBody(request), schema: ResearchStarted });
      return { id: data.request_id };
    },
    getResearch,
    async waitForResearch(handle, { waitMs, signal }) {
      const endsAt = clock.monotonic() + waitMs;
      for (let pauseMs = firstPollMs; ; pauseMs = Math.min(longestPollMs, pauseMs * 1.5)) {
        const report = await getResearch(handle, signal);
        const isEnded = report.status === "completed" || report.status === "failed";
        const leftMs = endsAt - clock.monotonic();
        if (isEnded || leftMs <= 0) return report;
        await clock.sleep(Math.min(pauseMs, leftMs), signal);
      }
    },
  };
}

function researchBody(request: TavilyResearchRequest): Record<string, unknown> {
  if (request.input.trim() === "") throw refuseInput("The question is empty.", "Write what to find out.");
  checkDomains("includeDomains", request.includeDomains, 20);
  checkDomains("excludeDomains", request.excludeDomains, 20);
  return {
    input: request.input,
    model: request.model,
    citation_format: request.citations,
    output_length: request.length,
    include_domains: request.includeDomains,
    exclude_domains: request.excludeDomains,
    output_schema: request.outputSchema,
  };
}

function missingReport(): AppError {
  return new AppError("upstream", "Bad reply from tavily: a finished research without its report.", {
    hint: "Ask for it again in a moment.",
    service: "tavily",
    reason: "bad_reply",
  });
}
