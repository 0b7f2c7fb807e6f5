import { expect, test } from "vitest";
import { parseShallow } from "./parse-shallow.ts";

function namesOf(source: string): string[] {
  const names: string[] = [];
  parseShallow(source, { onopentagname: (name) => void names.push(name) });
  return names;
}

test("reads all of an ordinary page, long as it may be", () => {
  expect(namesOf(`${"<p>a<br><b>b</b>".repeat(20_000)}<i>`)).toHaveLength(60_001);
});

test("leaves what is nested without end, having read its beginning", () => {
  const names = namesOf(`<h1>Title</h1>${"<b>".repeat(1_000_000)}`);
  expect(names[0]).toBe("h1");
  expect(names.length).toBeLessThan(20_000);
});
