/** A call of every listed tool that must succeed on a fresh installation without any account. */
export function exampleCalls(pageUrl: string): Record<string, Record<string, Record<string, unknown>>> {
  return {
    ai: {
      complete: { prompt: "Say hello." },
      compare_models: { prompt: "Say hello.", models: ["simulated/small", "simulated/large"] },
      list_models: {},
      explain_route: { prompt: "Say hello." },
      report_usage: { groupBy: "model" },
      manage_cache: {},
      check_models: {},
      find_tools: { query: "embed" },
      run_tool: { tool: "embed_texts", arguments: { texts: ["restart billing", "reboot the billing service"] } },
    },
    data: {
      search_web: { query: "harbour lighthouse" },
      fetch_page: { url: pageUrl },
      crawl_site: { url: pageUrl, maxPages: 1 },
      collect: { sources: [{ source: "pages", urls: [pageUrl] }] },
      get_collection: {},
      search_documents: { query: "harbour lighthouse" },
      watch_topic: {},
      find_tools: {},
      run_tool: { tool: "list_documents", arguments: {} },
    },
    infra: {
      get_status: {},
      list_resources: {},
      diagnose: { resource: "server:infra" },
      plan_change: { change: { action: "restart", target: { kind: "server", id: "bi" } } },
      find_tools: {},
      run_tool: { tool: "find_tools", arguments: {} },
    },
    bi: {
      query_data: { sql: "SELECT region, count(*) AS orders FROM sample_orders GROUP BY region ORDER BY region" },
      describe_data: {},
      find_tools: {},
      run_tool: { tool: "list_imports", arguments: {} },
    },
  };
}

/** Listed tools that cannot succeed without something a fresh installation lacks, and what they must answer instead. */
export const refusals: Record<string, { arguments: Record<string, unknown>; code: string }> = {
  apply_change: { arguments: { planId: "pl_none" }, code: "not_found" },
};

/** The same for a server that runs without `sophia up`. */
export const refusalsAlone: typeof refusals = {
  plan_change: {
    arguments: { change: { action: "restart", target: { kind: "server", id: "bi" } } },
    code: "not_configured",
  },
};
