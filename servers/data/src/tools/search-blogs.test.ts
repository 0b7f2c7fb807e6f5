import { expect, test } from "vitest";
import { toolContext } from "../testing/tool-context.ts";
import { searchBlogs } from "./search-blogs.ts";

test("says how many match, whether some may be missing, and shows beginnings only", async () => {
  const post = {
    id: "16405819479794412880",
    url: "https://b.example/1",
    title: null,
    author: "a",
    text: "the whole text",
    snippet: "the beginning",
    blog: { id: "1", name: "B", url: "", rank: 1, authority: 3 },
    language: "sv",
    publishedAt: 0,
    tags: [],
  };
  const client = { searchBlogs: async () => ({ posts: [post], totalMatches: 5_000, isIncomplete: true }) };
  const vendors = { twingly: { client, mode: "live" as const } };
  const context = toolContext({ vendors }) as unknown as Parameters<typeof searchBlogs.run>[1];
  const output = searchBlogs.output.parse(await searchBlogs.run(searchBlogs.input.parse({ query: "x" }), context));
  expect(output).toMatchObject({ total: 5_000, isIncomplete: true, posts: [{ id: post.id, authority: 3 }] });
  expect(JSON.stringify(output)).not.toContain("the whole text");
});
