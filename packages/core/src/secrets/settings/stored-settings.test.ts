import { expect, test } from "vitest";
import { Secret } from "../../config/secret.ts";
import { AppError } from "../../errors/app-error.ts";
import { createVirtualClock } from "../../testing/virtual-clock.ts";
import { emptyEnvironment } from "../backend/local/empty-environment.ts";
import type { LastGoodCopy } from "./last-good-copy.ts";
import { openStoredSettings, type StoredSettings } from "./stored-settings.ts";

const clock = createVirtualClock();
const kept: StoredSettings = {
  values: new Map([["KEY", { value: new Secret("canary"), isSecret: true }]]),
  version: "1",
  openedAt: clock.now(),
  origin: "copy",
};

function settings(error: AppError) {
  const written: StoredSettings[] = [];
  const copy: LastGoodCopy = {
    read: () => Promise.resolve(kept),
    write: (each) => void written.push(each),
    settled: () => Promise.resolve(),
  };
  const backend = { open: () => Promise.reject(error) };
  const id = { project: "sophia", name: "ai-intelligence-development" };
  return { written, opening: openStoredSettings({ backend, id, copy, maximumAgeMs: 1_000, clock }) };
}

test.each(["unavailable", "timeout", "upstream", "rate_limited"] as const)(
  "a store that is %s is away: the copy serves",
  async (kind) => {
    const { opening, written } = settings(new AppError(kind, "Not now."));
    expect((await opening).origin).toBe("copy");
    expect(written).toEqual([]);
  },
);

test("an environment that is gone sets nothing, and the copy of what it set stays", async () => {
  const { opening, written } = settings(new AppError("not_found", "There is no such environment."));
  expect(await opening).toMatchObject({ values: new Map(), origin: "store" });
  expect(written).toEqual([]);
});

test.each([
  { maximumAgeMs: 1_000, copies: 1 },
  { maximumAgeMs: 0, copies: 0 },
])("a copy that may be $maximumAgeMs ms old is written $copies times", async ({ maximumAgeMs, copies }) => {
  const written: StoredSettings[] = [];
  const copy: LastGoodCopy = {
    read: () => Promise.resolve(undefined),
    write: (each) => void written.push(each),
    settled: () => Promise.resolve(),
  };
  const opened = { environment: emptyEnvironment(), diagnostics: [], revision: 1, version: "1" };
  const backend = { open: () => Promise.resolve(opened) };
  await openStoredSettings({ backend, id: { project: "sophia", name: "base" }, copy, maximumAgeMs, clock });
  expect(written).toHaveLength(copies);
});

test.each(["denied", "not_configured"] as const)("a store that answers %s is heard", async (kind) => {
  await expect(settings(new AppError(kind, "No.")).opening).rejects.toMatchObject({ kind });
});
