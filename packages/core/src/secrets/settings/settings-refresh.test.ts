import pino from "pino";
import { describe, expect, it } from "vitest";
import { Secret, unwrap } from "../../config/secret.ts";
import { AppError } from "../../errors/app-error.ts";
import { createVirtualClock } from "../../testing/virtual-clock.ts";
import { SettingsRefresh } from "./settings-refresh.ts";
import type { StoredSettings } from "./stored-settings.ts";

const log = pino({ level: "silent" });

function stored(version: string, values: Record<string, string>, origin: "store" | "copy" = "store"): StoredSettings {
  const variables = Object.entries(values).map(
    ([name, text]) => [name, { value: new Secret(text), isSecret: true }] as const,
  );
  return { version, openedAt: 0, origin, values: new Map(variables) };
}

/** Keys are secrets; SIZE is a plain setting. */
function parse(values: StoredSettings["values"]): Record<string, unknown> {
  return Object.fromEntries(
    [...values].map(([name, { value }]) => {
      if (name === "SIZE") return [name, Number(unwrap(value))];
      if (unwrap(value) === "refused") throw new AppError("invalid_input", "KEY is not accepted.");
      return [name, new Secret(unwrap(value))];
    }),
  );
}

function setUp(first: StoredSettings, overridden: readonly string[] = []) {
  const clock = createVirtualClock();
  const store = { current: first, opened: 0, failure: undefined as AppError | undefined };
  const inUse = parse(first.values);
  const refresh = new SettingsRefresh({
    opened: first,
    async version() {
      if (store.failure) throw store.failure;
      return store.current.version;
    },
    async reopen() {
      store.opened += 1;
      return store.current;
    },
    accept: parse,
    inUse,
    isOverridden: (name) => overridden.includes(name),
    intervalMs: 1_000,
    clock,
    log,
  });
  const use = (name: string): string => unwrap(inUse[name] as Secret);
  const detail = async (): Promise<string> => (await refresh.check.check(AbortSignal.timeout(1_000))).detail;
  return { clock, store, inUse, refresh, use, detail };
}

describe("SettingsRefresh", () => {
  it("puts a changed value behind the secret that everybody already holds, and tells its name", async () => {
    const { clock, store, inUse, refresh, use } = setUp(stored("1", { KEY: "first-value", OTHER: "same-value" }));
    const held = inUse["KEY"] as Secret;
    const heard: string[][] = [];
    refresh.start(async (names) => void heard.push([...names]));
    await clock.advance(1_000);
    expect(store.opened).toBe(0);
    store.current = stored("2", { KEY: "second-value", OTHER: "same-value" });
    await clock.advance(1_000);
    expect(unwrap(held)).toBe("second-value");
    expect(use("OTHER")).toBe("same-value");
    expect(heard).toEqual([["KEY"]]);
    await refresh.close();
  });

  it("keeps what it has while the store is away or says something that no start would take", async () => {
    const { store, refresh, use, detail } = setUp(stored("1", { KEY: "first-value" }));
    store.failure = new AppError("unavailable", "The store is away.");
    await refresh.refresh();
    expect(use("KEY")).toBe("first-value");
    expect(await detail()).toContain("The store is away.");
    store.failure = undefined;
    store.current = stored("2", { KEY: "refused" });
    await refresh.refresh();
    expect(use("KEY")).toBe("first-value");
    expect(await detail()).toContain("KEY is not accepted.");
    store.current = stored("3", { KEY: "third-value" });
    await refresh.refresh();
    expect(use("KEY")).toBe("third-value");
    expect(await detail()).not.toContain("not accepted");
  });

  it("leaves what the process environment sets, and names what needs a restart", async () => {
    const { store, inUse, refresh, use, detail } = setUp(stored("1", { KEY: "first-value", SIZE: "1" }), ["KEY"]);
    store.current = stored("2", { KEY: "second-value", SIZE: "2", NEW: "added-value" });
    await refresh.refresh();
    expect(use("KEY")).toBe("first-value");
    expect(inUse["SIZE"]).toBe(1);
    expect(inUse["NEW"]).toBeUndefined();
    expect(await detail()).toContain("a restart is needed for SIZE, NEW");
  });

  it("leaves the copy as soon as the store answers again", async () => {
    const { store, refresh, use, detail } = setUp(stored("1", { KEY: "kept-value" }, "copy"));
    expect(await detail()).toContain("the secret store is away");
    store.current = stored("1", { KEY: "fresh-value" });
    await refresh.refresh();
    expect(use("KEY")).toBe("fresh-value");
    expect(await refresh.check.check(AbortSignal.timeout(1_000))).toMatchObject({ ok: true });
  });

  it("opens now and then although no text changed: values may come from elsewhere", async () => {
    const { store, refresh, use } = setUp(stored("1", { KEY: "first-value" }));
    store.current = stored("1", { KEY: "second-value" });
    for (let look = 1; look < 10; look++) await refresh.refresh();
    expect(use("KEY")).toBe("first-value");
    await refresh.refresh();
    expect(use("KEY")).toBe("second-value");
    expect(store.opened).toBe(1);
  });

  it("looks once for all who ask at the same time", async () => {
    const { store, refresh } = setUp(stored("1", { KEY: "first-value" }));
    store.current = stored("2", { KEY: "second-value" });
    await Promise.all([refresh.refresh(), refresh.refresh(), refresh.refresh()]);
    expect(store.opened).toBe(1);
  });
});
