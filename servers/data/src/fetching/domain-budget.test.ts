import { createMemoryLimitStore } from "@sophia/core/limits/limit-store";
import { createPacer } from "@sophia/core/limits/pacer";
import { createVirtualClock } from "@sophia/core/testing/virtual-clock";
import { expect, test } from "vitest";
import { createDomainBudget, toDomain } from "./domain-budget.ts";

const { signal } = new AbortController();

function setUp() {
  const clock = createVirtualClock();
  const budget = createDomainBudget({ pacer: createPacer({ store: createMemoryLimitStore({ clock }), clock }), clock });
  return { clock, budget };
}

test.each([
  ["https://www.example.co.uk/a", "example.co.uk"],
  ["https://a.b.example.com:8443/", "example.com"],
  ["https://one.github.io/", "one.github.io"],
  ["https://two.blogspot.com/", "two.blogspot.com"],
  ["http://93.184.216.34/", undefined],
  ["http://[2606:4700::1111]/", undefined],
  ["http://localhost/", undefined],
  ["https://co.uk/", undefined],
])("%s belongs to %s", (url, domain) => {
  expect(toDomain(url)).toBe(domain);
});

test("many hosts of one owner are asked as one: twice a second, and four at a time", async () => {
  const { clock, budget } = setUp();
  const at: number[] = [];
  const visit = async (number: number): Promise<void> => {
    const pass = await budget.enter(`https://shop${number}.example.com/`, signal);
    at.push(clock.monotonic());
    await clock.sleep(100, signal);
    pass.leave("accepted");
  };
  const all = Promise.all(Array.from({ length: 10 }, (_, number) => visit(number)));
  await clock.advance(10_000);
  await all;
  expect(at.at(-1)).toBeGreaterThanOrEqual(2_500);
  expect(at.filter((ms) => ms < 1_000).length).toBeLessThanOrEqual(6);
});

test("other owners and bare addresses do not wait for them, and nobody waits too long", async () => {
  const { clock, budget } = setUp();
  const passes = await Promise.all([1, 2, 3, 4].map((host) => budget.enter(`https://h${host}.example.com/`, signal)));
  const fifth = budget.enter("https://h5.example.com/", signal).catch((error: unknown) => error);
  expect(await budget.enter("https://h1.example.org/", signal)).toBeDefined();
  expect(await budget.enter("http://93.184.216.34/", signal)).toBeDefined();
  await clock.advance(15_000);
  expect(await fifth).toMatchObject({ kind: "rate_limited" });
  for (const pass of passes) pass.leave("accepted");
});
