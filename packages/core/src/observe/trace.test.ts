import { context, propagation, ROOT_CONTEXT, trace } from "@opentelemetry/api";
import { afterEach, describe, expect, it } from "vitest";
import { AppError } from "../errors/app-error.ts";
import { recordSpans } from "../testing/record-spans.ts";
import { activeTraceIds, readTraceContext, withSpan } from "./trace.ts";

afterEach(() => {
  trace.disable();
  propagation.disable();
});

describe("withSpan", () => {
  it("passes the result on and ends the span", async () => {
    const { spans } = recordSpans();
    expect(await withSpan("tools/call x", { "gen_ai.tool.name": "x" }, () => Promise.resolve(5))).toBe(5);
    expect(spans).toEqual([{ name: "tools/call x", attributes: { "gen_ai.tool.name": "x" }, ended: true }]);
  });

  it("records the kind and our message of a failure, never a stranger's text", async () => {
    const { spans } = recordSpans();
    const ours = withSpan("a", {}, () => Promise.reject(new AppError("denied", "Not allowed.")));
    await expect(ours).rejects.toThrow("Not allowed.");
    const theirs = withSpan("b", {}, () => Promise.reject(new Error("postgres://u:password@host")));
    await expect(theirs).rejects.toThrow("postgres");
    expect(spans[0]).toMatchObject({ attributes: { "error.type": "denied" }, message: "Not allowed.", ended: true });
    expect(spans[1]).toMatchObject({ attributes: { "error.type": "internal" }, ended: true });
    expect(JSON.stringify(spans)).not.toContain("password");
  });

  it("costs nothing but the call when no exporter is registered", async () => {
    expect(await withSpan("a", {}, () => Promise.resolve(activeTraceIds()))).toEqual({});
  });
});

describe("readTraceContext", () => {
  it("hands the caller's traceparent to the propagator and ignores anything else", () => {
    const marked = ROOT_CONTEXT.setValue(Symbol.for("marked"), true);
    propagation.setGlobalPropagator({ inject() {}, extract: () => marked, fields: () => [] });
    expect(readTraceContext({ traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" })).toBe(marked);
    expect(readTraceContext({ traceparent: 5 })).toBe(context.active());
    expect(readTraceContext(undefined)).toBe(context.active());
  });
});
