import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { AppError } from "../errors/app-error.ts";
import { defineServer } from "../mcp/define-server.ts";
import { defineTool, Source, type ToolContext } from "../mcp/define-tool.ts";

/** What the sample tools act on; a test looks at it afterwards. */
export interface SampleServices {
  started: number;
  aborted: { tool: string; afterMs: number }[];
  applied: string[];
  state: string;
}

export function createSampleServices(): SampleServices {
  return { started: 0, aborted: [], applied: [], state: "v1" };
}

const source = { service: "sample", mode: "local" as const, costUsd: 0 };

const echo = defineTool({
  name: "echo_text",
  title: "Echo",
  description: "Returns its text.",
  effect: "read",
  input: z.strictObject({ text: z.string().max(100_000), times: z.int().min(1).max(5).optional() }),
  output: z.object({ text: z.string(), source: Source }),
  run: async (input, _context: ToolContext<SampleServices>) => ({ text: input.text.repeat(input.times ?? 1), source }),
});

const mirrored = defineTool({
  name: "name_region",
  title: "Region",
  description: "Returns its region, which clients repeat in a header.",
  effect: "read",
  input: z.strictObject({ region: z.string().optional().meta({ "x-mcp-header": "Region" }) }),
  output: z.object({ region: z.string(), source: Source }),
  run: async ({ region }, _context: ToolContext<SampleServices>) => ({ region: region ?? "none", source }),
});

const wait = defineTool({
  name: "wait_long",
  title: "Wait",
  description: "Waits until it is cancelled or its time is over.",
  effect: "read",
  deadlineMs: 20_000,
  input: z.strictObject({ ms: z.int().min(1).max(60_000) }),
  output: z.object({ source: Source }),
  async run({ ms }, { services, signal }: ToolContext<SampleServices>) {
    services.started++;
    const from = performance.now();
    try {
      await delay(ms, undefined, { signal });
    } catch (thrown) {
      services.aborted.push({ tool: "wait_long", afterMs: performance.now() - from });
      throw thrown;
    }
    return { source };
  },
});

const stubborn = defineTool({
  name: "ignore_signal",
  title: "Ignore",
  description: "Ignores its signal; its deadline is 300 ms.",
  effect: "read",
  deadlineMs: 300,
  input: z.strictObject({}),
  output: z.object({ source: Source }),
  async run(_input, _context: ToolContext<SampleServices>) {
    await delay(5_000);
    return { source };
  },
});

const flood = defineTool({
  name: "flood_progress",
  title: "Flood",
  description: "Reports progress as fast as it can.",
  effect: "read",
  input: z.strictObject({ notes: z.int().min(1).max(1_000_000) }),
  output: z.object({ notes: z.int(), source: Source }),
  async run({ notes }, { progress, signal }: ToolContext<SampleServices>) {
    for (let done = 1; done <= notes; done++) {
      progress({ done, total: notes, message: "x".repeat(200) });
      if (done % 1_000 === 0) await delay(1, undefined, { signal });
    }
    return { notes, source };
  },
});

const big = defineTool({
  name: "list_much",
  title: "Much",
  description: "Returns many rows.",
  effect: "read",
  input: z.strictObject({ rows: z.int().min(0).max(1_000_000) }),
  output: z.object({ rows: z.array(z.object({ id: z.int(), text: z.string() })), source: Source }),
  items: "rows",
  run: async ({ rows }, _context: ToolContext<SampleServices>) => ({
    rows: Array.from({ length: rows }, (_, id) => ({ id, text: `row ${id} ${"y".repeat(40)}` })),
    source,
  }),
});

const work = defineTool({
  name: "work_hard",
  title: "Work",
  description: "Keeps the processor busy for a while.",
  effect: "read",
  input: z.strictObject({ ms: z.int().min(1).max(1_000) }),
  output: z.object({ source: Source }),
  async run({ ms }, _context: ToolContext<SampleServices>) {
    const until = performance.now() + ms;
    while (performance.now() < until);
    return { source };
  },
});

const leak = defineTool({
  name: "fail_loudly",
  title: "Fail",
  description: "Fails with whatever text it was given, in several ways.",
  effect: "read",
  input: z.strictObject({ text: z.string(), how: z.enum(["error", "app", "cause", "output"]) }),
  output: z.object({ text: z.string(), source: Source }),
  async run({ text, how }, _context: ToolContext<SampleServices>) {
    if (how === "output") return { text, source };
    if (how === "error") throw new Error(`connect postgres://user:${text}@db/x failed`);
    if (how === "app") throw new AppError("upstream", `The service said: Bearer ${text}`);
    throw new AppError("upstream", "The service failed.", { cause: new Error(`https://x/?apikey=${text}`) });
  },
});

const wrong = defineTool({
  name: "answer_wrongly",
  title: "Wrong",
  description: "Breaks its own output schema.",
  effect: "read",
  input: z.strictObject({}),
  output: z.object({ count: z.int(), source: Source }),
  run: async (_input, _context: ToolContext<SampleServices>) => ({ count: 1.5, source }),
});

const change = defineTool({
  name: "change_thing",
  title: "Change",
  description: "Changes the sample state.",
  effect: "update",
  input: z.strictObject({ to: z.string(), risk: z.enum(["low", "medium", "high"]).default("medium") }),
  output: z.object({ state: z.string(), source: Source }),
  plan: async (input, { services }: ToolContext<SampleServices>) => ({
    summary: `Set the state to ${input.to}.`,
    changes: [{ action: "update" as const, resource: "state", before: services.state, after: input.to }],
    blastRadius: "Nobody.",
    risk: input.risk,
    costPerHourUsd: 0,
    stateVersion: services.state,
  }),
  async apply(input, _plan, { services }) {
    services.applied.push(input.to);
    services.state = input.to;
    return { state: services.state, source };
  },
});

/** Tools that misbehave on purpose, declared like all others. */
export const sampleServer = defineServer<SampleServices>({
  id: "ai",
  title: "Sample",
  instructions: "Test-only server.",
  direct: [echo, mirrored, wait, stubborn, flood, big, work, leak, wrong],
  longTail: [change],
  prompts: [],
});
