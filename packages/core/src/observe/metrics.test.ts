import { describe, expect, it } from "vitest";
import { createMetrics } from "./metrics.ts";

describe("createMetrics", () => {
  it("writes the text exposition", async () => {
    const metrics = createMetrics({ server: "bi" });
    metrics.counter("calls_total", "Calls.", ["tool"]).increment({ tool: "query_data" }, 2);
    metrics.histogram("call_seconds", "Time.", ["tool"]).observe({ tool: "query_data" }, 0.3);
    metrics.gauge("depth", "Depth.", [], (gauge) => gauge.set({}, 7));
    let lost = 3;
    metrics.count("lost_total", "Lost.", () => lost);
    expect(await metrics.text()).toContain('lost_total{server="bi"} 3');
    lost = 5;
    const text = await metrics.text();
    expect(text).toContain('lost_total{server="bi"} 5');
    expect(text).toContain('calls_total{tool="query_data",server="bi"} 2');
    expect(text).toMatch(/call_seconds_bucket\{le="0.5",[^}]*\} 1/);
    expect(text).toContain('depth{server="bi"} 7');
    expect(metrics.contentType).toContain("text/plain");
  });

  it("counts everything beyond the bound under other, and loses nothing (fault 51)", async () => {
    const metrics = createMetrics({ server: "bi", maximumLabelSets: 50 });
    const counter = metrics.counter("calls_total", "Calls.", ["tenant"]);
    for (let index = 0; index < 10_000; index += 1) counter.increment({ tenant: `t${index}` });
    const lines = (await metrics.text()).split("\n").filter((line) => line.startsWith("calls_total{"));
    expect(lines).toHaveLength(51);
    expect(lines.find((line) => line.includes('tenant="other"'))).toMatch(/ 9950$/);
  });

  it("adds up between two questions, and refuses to count down", async () => {
    const metrics = createMetrics({ server: "bi" });
    const counter = metrics.counter("calls_total", "Calls.", ["tool"]);
    counter.increment({ tool: "a" });
    counter.increment({ tool: "none" }, 0);
    await metrics.text();
    counter.increment({ tool: "a" }, 2);
    const text = await metrics.text();
    expect(text).toContain('calls_total{tool="a",server="bi"} 3');
    expect(text).toContain('calls_total{tool="none",server="bi"} 0');
    for (const by of [-1, Number.NaN]) expect(() => counter.increment({ tool: "a" }, by)).toThrow(TypeError);
  });

  it("does not keep a label of unbounded length", async () => {
    const metrics = createMetrics({ server: "bi" });
    metrics.counter("calls_total", "Calls.", ["tenant"]).increment({ tenant: "x".repeat(10_000) });
    expect((await metrics.text()).length).toBeLessThan(1_000);
  });

  it("gives the same metric for the same name and refuses another shape", async () => {
    const metrics = createMetrics({ server: "bi" });
    metrics.counter("calls_total", "Calls.", ["tool"]).increment({ tool: "a" });
    metrics.counter("calls_total", "Calls.", ["tool"]).increment({ tool: "a" });
    expect(await metrics.text()).toContain("} 2");
    expect(() => metrics.gauge("calls_total", "Calls.", ["tool"])).toThrow(/already declared/);
  });
});
