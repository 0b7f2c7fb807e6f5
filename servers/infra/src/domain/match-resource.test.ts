import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { matchResource, type Candidate } from "./match-resource.ts";

const container = (name: string, id: string, ...aliases: string[]): Candidate => ({
  kind: "container",
  id,
  name,
  aliases,
});
const candidates: Candidate[] = [
  { kind: "server", id: "ai", name: "AI Intelligence", aliases: [] },
  container("shop-web-1", "aaaaaa1111110000", "web"),
  container("blog-web-1", "aaaaaa2222220000", "web"),
  container("restart-all", "bbbbbb1111110000"),
  container("data", "cccccc1111110000"),
  { kind: "server", id: "data", name: "Data Intelligence", aliases: [] },
  { kind: "repository", id: "/srv/data", name: "data", aliases: [] },
];

describe("matchResource", () => {
  it.each([
    ["ai", "ai"],
    ["AI Intelligence", "ai"],
    ["shop-web-1", "aaaaaa1111110000"],
    ["aaaaaa22", "aaaaaa2222220000"],
    ["container:data", "cccccc1111110000"],
    ["server:data", "data"],
    ["repository:/srv/data", "/srv/data"],
    [" restart-all ", "bbbbbb1111110000"],
  ])("%j names one thing", (wanted, id) => {
    expect(matchResource(candidates, wanted).id).toBe(id);
  });

  it.each([
    ["data", ["container:cccccc111111 (data)", "server:data", "repository:/srv/data"]],
    ["web", ["container:aaaaaa111111 (shop-web-1)", "container:aaaaaa222222 (blog-web-1)"]],
    ["aaaaaa", ["container:aaaaaa111111", "container:aaaaaa222222"]],
  ])("%j is asked back with every candidate", (wanted, names) => {
    for (const name of names) {
      expect(() => matchResource(candidates, wanted)).toThrow(
        expect.objectContaining({
          kind: "invalid_input",
          message: expect.stringContaining(name),
          hint: expect.stringContaining("Ask the user"),
        }),
      );
    }
  });

  it.each(["we", "shop", "all", "everything", "*", "aaaaa", "", "container:", "restart-all; rm"])(
    "%j is not guessed",
    (wanted) => {
      expect(() => matchResource(candidates, wanted)).toThrow(expect.objectContaining({ kind: "not_found" }));
    },
  );

  it("names what is similar", () => {
    expect(() => matchResource(candidates, "shop")).toThrow(
      expect.objectContaining({ hint: expect.stringContaining("shop-web-1") }),
    );
  });

  it("shows a hostile name without its control characters", () => {
    expect(() => matchResource([], 'x"\u001b[31m\n')).toThrow(
      expect.objectContaining({ message: 'Nothing here is called "x??[31m".' }),
    );
  });

  it("never returns a thing that the text does not name", () => {
    fc.assert(
      fc.property(fc.string(), (wanted) => {
        let found: Candidate | undefined;
        try {
          found = matchResource(candidates, wanted);
        } catch {
          return;
        }
        const text = wanted.trim().replace(/^(container|server|repository):/, "");
        const named = [found.id, found.name, ...found.aliases].includes(text);
        expect(named || (text.length >= 6 && found.id.startsWith(text))).toBe(true);
      }),
    );
  });
});
