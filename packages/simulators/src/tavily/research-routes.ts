import type { Answer } from "../apify/answer.ts";
import { searchCorpus } from "../web-corpus/corpus.ts";
import { logNormal } from "../web-corpus/random.ts";
import { type Exchange, makeId, refuse, type ResearchTask } from "./simulator-state.ts";

const medianMs = 45_000;
const sigma = 0.4;
const tasksKept = 1_000;
const credits: Readonly<Record<string, number>> = { mini: 15, auto: 40, pro: 90 };

/** https://docs.tavily.com/documentation/api-reference/endpoint/research */
export function startResearch({ state, body, fault }: Exchange): Answer {
  const { input, model = "auto" } = body;
  if (typeof input !== "string" || input === "") return refuse(400, "VENDOR TEXT: Input is missing.");
  if (credits[String(model)] === undefined) return refuse(400, "VENDOR TEXT: Unknown model.");
  const createdAt = state.clock.now();
  const task: ResearchTask = {
    id: makeId(state),
    input,
    model: String(model),
    createdAt,
    endsAt: createdAt + logNormal(state.random, medianMs, sigma) * state.latency.scale,
    fails: fault?.kind === "research_fails",
    isBilled: false,
    hasOutputSchema: typeof body["output_schema"] === "object" && body["output_schema"] !== null,
  };
  state.research.set(task.id, task);
  const oldest = state.research.size > tasksKept ? state.research.keys().next().value : undefined;
  if (oldest !== undefined) state.research.delete(oldest);
  return {
    status: 201,
    json: {
      request_id: task.id,
      created_at: new Date(createdAt).toISOString(),
      status: "pending",
      input,
      model,
      response_time: 0.21,
    },
  };
}

/** https://docs.tavily.com/documentation/api-reference/endpoint/research-get */
export function getResearch({ state, path }: Exchange): Answer {
  const task = state.research.get(path.slice("/research/".length));
  if (!task) return refuse(404, "VENDOR TEXT: Research task not found");
  const ageMs = state.clock.now() - task.createdAt;
  const common = { request_id: task.id, response_time: Math.round(ageMs / 10) / 100 };
  if (state.clock.now() < task.endsAt) {
    const isStarted = ageMs * 4 > task.endsAt - task.createdAt;
    return { status: 202, json: { ...common, status: isStarted ? "in_progress" : "pending" } };
  }
  if (task.fails) return { status: 200, json: { ...common, status: "failed" } };
  if (!task.isBilled) state.account.charge("research", credits[task.model] ?? 0);
  task.isBilled = true;
  const sources = searchCorpus(task.input, { limit: 5 }).map(({ url, title }) => ({ url, title }));
  const report = `# Simulated report\n\n${task.input}\n\n${sources.map(({ title }, at) => `${title} [${at + 1}]`).join("\n")}`;
  const content = task.hasOutputSchema ? { summary: report } : report;
  const created_at = new Date(task.createdAt).toISOString();
  return { status: 200, json: { ...common, created_at, status: "completed", content, sources } };
}
