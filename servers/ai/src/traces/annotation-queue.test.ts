import { createMetrics } from "@sophia/core/observe/metrics";
import { createVirtualClock } from "@sophia/core/testing/virtual-clock";
import { pino } from "pino";
import { expect, test } from "vitest";
import type { Annotation } from "./annotations.ts";
import { createAnnotationQueue } from "./annotation-queue.ts";

test("closing gives a receiver that does not answer three seconds, however much waits", async () => {
  const clock = createVirtualClock();
  const metrics = createMetrics({ server: "test" });
  const queue = createAnnotationQueue({
    clock,
    metrics,
    log: pino({ level: "silent" }),
    send: () => new Promise<void>(() => {}),
  });
  for (let index = 0; index < 250; index += 1) queue.add({ requestId: String(index) } as Annotation);
  let isClosed = false;
  const closing = queue.close().then(() => (isClosed = true));
  await clock.advance(2_900);
  expect(isClosed).toBe(false);
  await clock.advance(200);
  await closing;
  expect(await metrics.text()).toMatch(/sophia_ai_annotations_total\{[^}]*outcome="dropped"[^}]*\} 150/);
});
