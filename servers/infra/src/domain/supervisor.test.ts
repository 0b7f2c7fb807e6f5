import { describe, expect, it, vi } from "vitest";
import { createSupervisor } from "./supervisor.ts";

describe("createSupervisor", () => {
  it("is absent where no parent listens", () => {
    expect(createSupervisor({ connected: false })).toBeUndefined();
    expect(createSupervisor({ connected: true })).toBeUndefined();
  });

  it("asks the parent in its own words", async () => {
    const sent: unknown[] = [];
    const supervisor = createSupervisor({
      connected: true,
      send(message, done) {
        sent.push(message);
        done(null);
        return true;
      },
    });
    await supervisor?.restart("bi", "plan-1");
    expect(sent).toEqual([{ type: "restart-request", server: "bi", planId: "plan-1" }]);
  });

  it("fails when the channel is closed, and when the message never leaves", async () => {
    const broken = createSupervisor({
      connected: true,
      send: (_message, done) => (done(new Error("ERR_IPC_CHANNEL_CLOSED")), false),
    });
    await expect(broken?.restart("bi", "plan-1")).rejects.toMatchObject({ kind: "unavailable" });
    vi.useFakeTimers();
    const silent = createSupervisor({ connected: true, send: () => true });
    const outcome = expect(silent?.restart("bi", "plan-1")).rejects.toMatchObject({ kind: "unavailable" });
    await vi.advanceTimersByTimeAsync(2_100);
    await outcome;
    vi.useRealTimers();
  });
});
